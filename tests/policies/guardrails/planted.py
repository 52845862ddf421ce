"""Secrets to plant in texts: of the forms that providers give them, and of characters by chance, so that none is real
and none stands in this file."""

import base64
from random import Random
from string import ascii_letters, ascii_uppercase, digits, hexdigits
from typing import Final

_MIXED: Final = ascii_letters + digits
_NAME: Final = _MIXED + "-_"
_HEX: Final = hexdigits[:16]


def planted(seed: int = 1) -> dict[str, list[str]]:
    """Secrets by the rule that is to find them; 44 in all."""
    random = Random(seed)

    def some(chars: str, count: int) -> str:
        return "".join(random.choices(chars, k=count - 1)) + random.choice(digits)

    jwt = ".".join(
        base64.urlsafe_b64encode(part.encode()).decode().rstrip("=")
        for part in ('{"alg":"HS256","typ":"JWT"}', '{"sub":"4711","name":"A. Person"}', some(_NAME, 24))
    )
    pem = "\n".join(some(_MIXED + "+/", 64) for _ in range(3))
    return {
        "aws_key": ["AKIA" + some(ascii_uppercase, 16), "ASIA" + some(ascii_uppercase, 16)],
        "google_api_key": ["AIza" + some(_NAME, 35)],
        "google_client_secret": ["GOCSPX-" + some(_NAME, 28)],
        "github_token": [
            "ghp_" + some(_MIXED, 36),
            "gho_" + some(_MIXED, 36),
            f"github_pat_{some(_MIXED, 22)}_{some(_MIXED, 59)}",
        ],
        "gitlab_token": ["glpat-" + some(_NAME, 20)],
        "slack_token": [f"xoxb-{some(digits, 12)}-{some(digits, 12)}-{some(_MIXED, 24)}"],
        "slack_webhook": [f"https://hooks.slack.com/services/T{some(digits, 9)}/B{some(digits, 9)}/{some(_MIXED, 24)}"],
        "stripe_key": ["sk_live_" + some(_MIXED, 24), "rk_live_" + some(_MIXED, 99)],
        "twilio_key": ["SK" + some(_HEX, 32)],
        "sendgrid_key": [f"SG.{some(_NAME, 22)}.{some(_NAME, 43)}"],
        "mailgun_key": ["key-" + some(_HEX, 32)],
        "mailchimp_key": [some(_HEX, 32) + "-us12"],
        "npm_token": ["npm_" + some(_MIXED, 36)],
        "pypi_token": ["pypi-AgEIcHlwaS5vcmc" + some(_NAME, 150)],
        "hugging_face_token": ["hf_" + some(ascii_letters, 35)[:-1]],
        "openai_key": [f"sk-proj-{some(_NAME, 74)}", "sk-" + some(_MIXED, 48)],
        "anthropic_key": [f"sk-ant-api03-{some(_NAME, 95)}"],
        "groq_key": ["gsk_" + some(_MIXED, 52)],
        "digitalocean_token": ["dop_v1_" + some(_HEX, 64)],
        "shopify_token": ["shpat_" + some(_HEX, 32)],
        "square_token": ["sq0atp-" + some(_NAME, 22)],
        "databricks_token": ["dapi" + some(_HEX, 32)],
        "new_relic_key": ["NRAK-" + some(ascii_uppercase, 27)],
        "vault_token": ["hvs." + some(_NAME, 95)],
        "age_key": ["AGE-SECRET-KEY-1" + some(ascii_uppercase, 58)],
        "linear_key": ["lin_api_" + some(_MIXED, 40)],
        "notion_token": ["ntn_" + some(_MIXED, 46)],
        "figma_token": ["figd_" + some(_NAME, 40)],
        "atlassian_token": ["ATATT3" + some(_NAME, 186)],
        "telegram_token": [f"{some(digits, 10)}:AA{some(_NAME, 33)}"],
        "discord_token": [f"M{some(_MIXED, 25)}.{some(_NAME, 6)}.{some(_NAME, 38)}"],
        "json_web_token": [jwt],
        "private_key": [f"-----BEGIN RSA PRIVATE KEY-----\n{pem}\n-----END RSA PRIVATE KEY-----"],
        "password_in_a_url": [f"postgres://admin:{some(_MIXED, 14)}@db.internal:5432/main"],
        "bearer_token": [f"Authorization: Bearer {some(_MIXED, 40)}"],
        "password": [f"password: {some(_MIXED, 12)}", f'"password": "{some(_MIXED, 12)}"'],
        "key": [f"api_key={some(_MIXED, 40)}", f"client_secret: {some(_MIXED, 32)}"],
        "azure_key": [f"AccountKey={some(_MIXED + '+/', 86)}=="],
    }
