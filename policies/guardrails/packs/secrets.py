"""Rules for secrets in text: keys and tokens of providers by the form they give them, private keys, and passwords that
are named as such.

A pattern is no longer than it takes to be sure, and `rest` takes what follows. Forms are those that providers publish,
or that public scanners agree on, as of 2026.
"""

from collections.abc import Iterator
from typing import Final

from policies.guardrails.rule import Rule

_WORD: Final = "[A-Za-z0-9]"
_NAME: Final = "[A-Za-z0-9_-]"
_HEX: Final = "[0-9a-fA-F]"
_BASE64: Final = "[A-Za-z0-9+/=]"

_TOKENS: Final = (
    # What it is: its prefix, as an expression; its characters; how many of them make it sure.
    ("aws bedrock key", "ABSK", _BASE64, 40),
    ("google api key", "AIza", _NAME, 35),
    ("google oauth token", r"\bya29\.", _NAME, 20),
    ("google client secret", "GOCSPX-", _NAME, 24),
    ("github token", "gh[pousr]_", _WORD, 30),
    ("github token", "github_pat_", "[A-Za-z0-9_]", 22),
    ("gitlab token", "gl(?:pat|dt|rt|ptt|ft|imt|agent|oas|soat|ffct|cbt(?:-[0-9a-f]{1,5}_)?)-", "[A-Za-z0-9_.-]", 20),
    ("gitlab token", r"\bGR1348941", _NAME, 20),
    ("slack token", r"\bxox[abeprs](?:\.xox[bp])?-", _NAME, 10),
    ("slack token", r"xapp-\d-[A-Z0-9]{2,16}-\d{4,16}-", "[a-z0-9]", 20),
    ("stripe key", r"(?:\b|_)(?:sk|rk)_(?:live|test|prod)_", _WORD, 10),
    ("stripe webhook secret", "whsec_", "[A-Za-z0-9+/=]", 24),
    ("sendgrid key", r"\bSG\.[\w-]{16,32}\.", _NAME, 16),
    ("mailgun key", r"\b(?:pub)?key-", "[0-9a-f]", 32),
    ("npm token", "npm_", _WORD, 30),
    ("pypi token", "pypi-", _NAME, 40),
    ("rubygems key", "rubygems_", "[0-9a-f]", 40),
    ("hugging face token", r"\b(?:hf|api_org)_", "[A-Za-z]", 30),
    ("openai key", r"\bsk-(?:proj|svcacct|admin|None)-", _NAME, 20),
    ("openai key", r"\bsk-", _WORD, 32),
    ("anthropic key", "sk-ant-(?:[a-z]{2,8}[0-9]{2}-)?", _NAME, 20),
    ("openrouter key", "sk-or-(?:v1-)?", "[0-9a-f]", 32),
    ("groq key", r"\bgsk_", _WORD, 40),
    ("xai key", r"\bxai-", _WORD, 40),
    ("perplexity key", "pplx-", _WORD, 40),
    ("replicate token", r"\br8_", _WORD, 32),
    ("nvidia key", "nvapi-", _NAME, 40),
    ("langsmith key", "lsv2_(?:pt|sk)_", "[0-9a-f_]", 32),
    ("langfuse key", "sk-lf-", "[0-9a-f-]", 32),
    ("digitalocean token", "do[opr]_v1_", "[0-9a-f]", 40),
    ("heroku key", "HRKU-", _NAME, 30),
    ("shopify token", "shp(?:at|ca|pa|ss)_", _HEX, 32),
    ("square token", r"\bsq0(?:atp|csp|idp)-", _NAME, 22),
    ("square token", r"\bEAAA[A-Za-z0-9_-]{4}", _NAME, 52),
    ("databricks token", r"\bdapi", "[0-9a-f-]", 32),
    ("new relic key", r"\bNR(?:AK|JS|II|RA|SP|AL)-", _NAME, 24),
    ("vault token", r"\bhv[sbr]\.", _NAME, 24),
    ("terraform token", r"\.atlasv1\.", _NAME, 40),
    ("age key", "AGE-SECRET-KEY-1", "[0-9A-Z]", 40),
    ("linear key", "lin_(?:api|oauth)_", _WORD, 32),
    ("notion token", r"\bntn_", _WORD, 40),
    ("notion token", r"\bsecret_", _WORD, 43),
    ("figma token", "figd_", _NAME, 36),
    ("airtable token", r"\bpat[A-Za-z0-9]{14}\.", "[0-9a-f]", 40),
    ("atlassian token", "ATATT3", "[A-Za-z0-9_=-]", 60),
    ("atlassian token", "ATCTT3", "[A-Za-z0-9_=-]", 60),
    ("bitbucket password", r"\bATBB", _WORD, 28),
    ("dropbox token", r"\bsl\.[A-Za-z0-9-]{0,8}", "[A-Za-z0-9_-]", 80),
    ("facebook token", r"\bEAA[A-Z]", _WORD, 80),
    ("grafana token", r"\bgl(?:sa|c)_", "[A-Za-z0-9_+/=]", 30),
    ("doppler token", r"\bdp\.(?:pt|st|ct|sa|scim|audit)\.", "[A-Za-z0-9_.-]", 40),
    ("planetscale token", "pscale_(?:tkn|oauth|pw)_", "[A-Za-z0-9_=.-]", 32),
    ("postman key", "PMAK-", "[0-9a-f-]", 50),
    ("pulumi token", r"\bpul-", "[0-9a-f]", 40),
    ("sentry token", "sntry[su]_", "[A-Za-z0-9+/=_]", 40),
    ("supabase key", "sb(?:p|_secret|p_oauth)_", "[A-Za-z0-9_-]", 30),
    ("tailscale key", "tskey-(?:[a-z]{2,12}-)?", _NAME, 20),
    ("typeform token", r"\btfp_", "[A-Za-z0-9_.=-]", 40),
    ("docker token", "dckr_[po]at_", _NAME, 24),
    ("easypost key", r"\bEZ[AT]K", _WORD, 54),
    ("dynatrace token", r"\bdt0[a-z]\d\d\.[A-Z0-9]{24}\.", "[A-Z0-9]", 40),
    ("frame.io token", r"\bfio-u-", "[A-Za-z0-9_=-]", 50),
    ("netlify token", r"\bnfp_", _WORD, 36),
    ("prefect key", r"\bpn[ub]_", _WORD, 36),
    ("readme key", r"\brdme_", "[a-z0-9]", 60),
    ("sonar token", r"\bsq[apu]_", "[0-9a-f]", 40),
    ("1password token", r"\bops_eyJ", _BASE64, 60),
    ("artifactory token", r"\b(?:AKCp|cmVmdGtu)", _WORD, 50),
    ("fly token", r"\b(?:fm[12][ar]?|fo1)_", "[A-Za-z0-9_+/=,-]", 40),
    ("clojars token", "CLOJARS_", _WORD, 50),
    ("shippo token", "shippo_(?:live|test)_", "[0-9a-f]", 36),
    ("flutterwave key", r"FLW(?:PUB|SEC)K_TEST-", "[0-9a-h]", 12),
    ("mapbox token", r"\b[sp]k\.eyJ", "[A-Za-z0-9_.-]", 50),
    ("brevo key", "xkeysib-", "[0-9a-z-]", 60),
    ("telegram token", r"\b\d{7,10}:A", _NAME, 34),
    ("cloudflare key", r"\bv1\.0-[0-9a-f]{24}-", "[0-9a-f]", 60),
    ("sourcegraph token", r"\bsgp_(?:(?:[0-9a-fA-F]{16}|local)_)?", _HEX, 40),
    ("intra42 secret", r"\bs-s4t2(?:ud|af)-", "[0-9a-f]", 64),
    ("facebook token", r"\b\d{13,17}\|", _NAME, 24),
    ("yandex token", r"\b(?:AQVN|t1\.[A-Z0-9a-z_-]{10})", "[A-Za-z0-9_.=-]", 35),
)

_OTHERS: Final = (
    # What it is, its patterns, its rest, its check.
    ("aws key", (r"\b(?:AKIA|ASIA|ABIA|ACCA|A3T[A-Z0-9])[A-Z0-9]{16}\b",), "", ""),
    (
        "aws secret key",
        (r"""(?i:aws.{0,20}?(?:secret|\bsk\b|key).{0,20}?[^A-Za-z0-9+/])([A-Za-z0-9/+]{40})(?:[^A-Za-z0-9+/=]|\z)""",),
        "",
        "random",
    ),
    ("azure key", (r"(?i:(?:account|shared ?access)key ?= ?)([A-Za-z0-9+/]{42,86})",), _BASE64, ""),
    # It has three characters more before; were they looked for, any character of a stream would wait.
    ("azure secret", (r"\dQ~[A-Za-z0-9_~.-]{31,34}",), "", "random"),
    ("azure signature", (r"[?&]sig=([A-Za-z0-9%+/]{40})",), "[A-Za-z0-9%+/=]", ""),
    (
        "slack webhook",
        (r"hooks\.slack\.com/(?:services|workflows|triggers)/([A-Z0-9]{8,12}/[A-Za-z0-9]{6})",),
        "[A-Za-z0-9/]",
        "",
    ),
    ("discord webhook", (r"discord(?:app)?\.com/api/webhooks/([0-9]{17,20}/[A-Za-z0-9_-]{20})",), _NAME, ""),
    ("discord token", (r"\b[MNO][A-Za-z0-9_-]{22,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{25}",), _NAME, ""),
    ("teams webhook", (r"webhook\.office\.com/webhookb2/([0-9a-f-]{36}@[0-9a-f-]{20})",), "[A-Za-z0-9/@-]", ""),
    (
        "artifactory key",
        (r"(?:[\s=:\"']|\A)((?:AKC[a-zA-Z0-9]|AP[0-9A-F][a-z0-9])[a-zA-Z0-9]{9})",),
        _WORD,
        "",
    ),
    ("twilio key", (r"\bSK[0-9a-f]{32}\b",), "", ""),
    ("mailchimp key", (r"\b[0-9a-f]{32}-us\d{1,2}\b",), "", ""),
    ("json web token", (r"\beyJ[A-Za-z0-9_-]{8,200}\.(?:eyJ|ey)[A-Za-z0-9_/\\+-]{8}",), "[A-Za-z0-9_.=/\\\\+-]", ""),
    (
        "private key",
        (
            r"-----BEGIN[ A-Z0-9]{0,30} PRIVATE KEY(?: BLOCK)?-----(?:[\s>]|\\[nr]){0,6}"
            r"(?:(?:Proc-Type|DEK-Info|Version|Comment):[^\n\\]{0,60}(?:\s|\\[nr]){1,6}){0,3}[A-Za-z0-9+/=]{12}",
            r"Private-Lines: \d{1,3}(?:\s|\\[nr]){1,4}[A-Za-z0-9+/=]{12}",
        ),
        r"[A-Za-z0-9+/=\s\\>]",
        "",
    ),
    (
        "password in a url",
        (r"://[^\s/:@'\"<>\[\]()]{0,40}:([^\s/:@'\"<>]{3,80})@[A-Za-z0-9\[]",),
        "",
        "password_of_url",
    ),
    ("bearer token", (r"(?i:\bbearer[ :=]{1,3})([A-Za-z0-9._~+/-]{20})",), "[A-Za-z0-9._~+/=-]", "random"),
    ("basic credentials", (r"(?i:\bauthorization['\"]?[:=] ?['\"]?basic )([A-Za-z0-9+/]{12})",), _BASE64, ""),
    (
        "authorization",
        (
            r"(?i:\bauthorization['\"]?\s?[:=]\s{0,3}['\"]?(?:token |apikey |key )?)([A-Za-z0-9._-]{20})",
            r"(?i:\bx-(?:[a-z]{1,12}-){0,3}(?:key|token)['\"]?\s?[:=]\s{0,3}['\"]?)([A-Za-z0-9._-]{20})",
        ),
        "[A-Za-z0-9._-]",
        "random",
    ),
    (
        "password on a command line",
        (r"(?:\s-u|--user|--proxy-user)[ =]{0,2}['\"]?[\w.@+-]{1,40}:['\"]?([^\s'\"$:]{4,40})",),
        r"[^\s'\"]",
        "password",
    ),
    (
        "password",
        (
            r"(?i:passw(?:or)?d|passphrase|passwort|contraseña|mot de passe|\bpwd|_pass|\bpass)(?:\w{0,12}['\"`]?\]?) ?"
            r"(?i::=|=>|[:=]|\bis\b(?: set to)?) ?['\"`]?([^\s'\"`<>()\[\]{},;«»“”„‘’]{6,40})",
        ),
        r"[^\s'\"`<>()\[\]{},;«»“”„‘’]",
        "password",
    ),
    (
        "key",
        (
            r"(?i:(?:api|access|auth|account|client|consumer|secret|private|service|app|application|master|encryption"
            r"|signing|session|deploy|license|storage|subscription)[_ .-]?key|secret|token|credential|api[_ -]?pass)"
            r"(?i:\w{0,16}['\"`]?\]?) ?(?i::=|=>|[:=]|\bis\b) ?['\"`]?([A-Za-z0-9_.+/~=-]{16,40})",
        ),
        "[A-Za-z0-9_.+/~=-]",
        "random",
    ),
)  # fmt: skip


def _rules() -> Iterator[Rule]:
    told: dict[str, list[tuple[str, str]]] = {}
    for kind, prefix, char, sure in _TOKENS:
        told.setdefault(kind, []).append((f"{prefix}{char}{{{sure}}}", char))
    for kind, found in told.items():
        # One rule goes on through one class: the widest of its forms has all of the others' characters.
        yield _rule(kind, tuple(pattern for pattern, _ in found), max((char for _, char in found), key=len), "varied")
    for kind, patterns, rest, check in _OTHERS:
        yield _rule(kind, patterns, rest, check)


def _rule(kind: str, patterns: tuple[str, ...], rest: str, check: str) -> Rule:
    article = "an" if kind[0] in "aeio" or kind.startswith(("npm", "nvidia", "xai")) else "a"
    return Rule(
        id=f"secrets.{kind.replace(' ', '_').replace('.', '')}",
        reason=f"it holds {article} {kind}",
        patterns=patterns,
        rest=rest,
        check=check,
        replacement=f"[secret: {kind}]",
    )


SECRETS: Final = tuple(_rules())
