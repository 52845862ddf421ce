"""Secrets to plant in texts: of the forms that providers give them, and of characters by chance, so that none is real
and none stands in this file."""

import base64
from random import Random
from string import ascii_letters, ascii_uppercase, digits, hexdigits
from typing import Final, NamedTuple

_MIXED: Final = ascii_letters + digits
_NAME: Final = _MIXED + "-_"
_HEX: Final = hexdigits[:16]


class Planted(NamedTuple):
    """`before` and `after` say what it is, and are not secret."""

    rule: str
    secret: str
    before: str = ""
    after: str = ""

    @property
    def text(self) -> str:
        return f"{self.before}{self.secret}{self.after}"


def planted(seed: int = 1) -> list[Planted]:
    """46 of them, by the rules that are to find them."""
    random = Random(seed)

    def some(chars: str, count: int) -> str:
        return "".join(random.choices(chars, k=count - 1)) + random.choice(digits)

    jwt = ".".join(
        base64.urlsafe_b64encode(part.encode()).decode().rstrip("=")
        for part in ('{"alg":"HS256","typ":"JWT"}', '{"sub":"4711","name":"A. Person"}', some(_NAME, 24))
    )
    pem = "\n".join(some(_MIXED + "+/", 64) for _ in range(3))
    return [
        Planted("aws_key", "AKIA" + some(ascii_uppercase, 16)),
        Planted("aws_key", "ASIA" + some(ascii_uppercase, 16)),
        Planted("aws_secret_key", some(_MIXED + "/+", 40), before="aws_secret_access_key = "),
        Planted("google_api_key", "AIza" + some(_NAME, 35)),
        Planted("google_client_secret", "GOCSPX-" + some(_NAME, 28)),
        Planted("github_token", "ghp_" + some(_MIXED, 36)),
        Planted("github_token", "gho_" + some(_MIXED, 36)),
        Planted("github_token", f"github_pat_{some(_MIXED, 22)}_{some(_MIXED, 59)}"),
        Planted("gitlab_token", "glpat-" + some(_NAME, 20)),
        Planted("slack_token", f"xoxb-{some(digits, 12)}-{some(digits, 12)}-{some(_MIXED, 24)}"),
        Planted(
            "slack_webhook",
            f"T{some(digits, 9)}/B{some(digits, 9)}/{some(_MIXED, 24)}",
            before="https://hooks.slack.com/services/",
        ),
        Planted("stripe_key", "sk_live_" + some(_MIXED, 24)),
        Planted("stripe_key", "rk_live_" + some(_MIXED, 60)),
        Planted("twilio_key", "SK" + some(_HEX, 32)),
        Planted("sendgrid_key", f"SG.{some(_NAME, 22)}.{some(_NAME, 43)}"),
        Planted("mailgun_key", "key-" + some(_HEX, 32)),
        Planted("mailchimp_key", some(_HEX, 32) + "-us12"),
        Planted("npm_token", "npm_" + some(_MIXED, 36)),
        Planted("pypi_token", "pypi-AgEIcHlwaS5vcmc" + some(_NAME, 60)),
        Planted("hugging_face_token", "hf_" + "".join(random.choices(ascii_letters, k=34))),
        Planted("openai_key", f"sk-proj-{some(_NAME, 74)}"),
        Planted("openai_key", "sk-" + some(_MIXED, 48)),
        Planted("anthropic_key", f"sk-ant-api03-{some(_NAME, 95)}"),
        Planted("groq_key", "gsk_" + some(_MIXED, 52)),
        Planted("digitalocean_token", "dop_v1_" + some(_HEX, 64)),
        Planted("shopify_token", "shpat_" + some(_HEX, 32)),
        Planted("square_token", "sq0atp-" + some(_NAME, 22)),
        Planted("databricks_token", "dapi" + some(_HEX, 32)),
        Planted("new_relic_key", "NRAK-" + some(ascii_uppercase, 27)),
        Planted("vault_token", "hvs." + some(_NAME, 95)),
        Planted("age_key", "AGE-SECRET-KEY-1" + some(ascii_uppercase, 58)),
        Planted("linear_key", "lin_api_" + some(_MIXED, 40)),
        Planted("notion_token", "ntn_" + some(_MIXED, 46)),
        Planted("figma_token", "figd_" + some(_NAME, 40)),
        Planted("atlassian_token", "ATATT3" + some(_NAME, 80)),
        Planted("telegram_token", f"{some(digits, 10)}:AA{some(_NAME, 33)}"),
        Planted("discord_token", f"M{some(_MIXED, 25)}.{some(_NAME, 6)}.{some(_NAME, 38)}"),
        Planted("json_web_token", jwt),
        Planted("private_key", f"-----BEGIN RSA PRIVATE KEY-----\n{pem}\n", after="-----END RSA PRIVATE KEY-----"),
        Planted("password_in_a_url", some(_MIXED, 14), before="postgres://admin:", after="@db.internal:5432/main"),
        Planted("bearer_token", some(_MIXED, 40), before="Authorization: Bearer "),
        Planted("password", some(_MIXED, 12), before="password: "),
        Planted("password", some(_MIXED, 12), before='"password": "', after='"'),
        Planted("key", some(_MIXED, 40), before="api_key="),
        Planted("key", some(_MIXED, 32), before="client_secret: "),
        Planted("azure_key", some(_MIXED + "+/", 86) + "==", before="AccountKey="),
    ]
