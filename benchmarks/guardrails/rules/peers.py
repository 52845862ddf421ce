"""detect-secrets and Presidio's pattern recognisers, asked about texts: runs in the environment that holds them.

It reads a JSON list of texts and writes, for each, what a peer found: `[start, end, kind, score]`; detect-secrets tells
no places.
"""

import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

KINDS = {
    "CREDIT_CARD": "card",
    "EMAIL_ADDRESS": "email",
    "IBAN_CODE": "iban",
    "IP_ADDRESS": "ip_address",
    "PHONE_NUMBER": "phone",
    "US_SSN": "us_ssn",
}


def main() -> None:
    texts = json.load(sys.stdin)
    peers = {
        "presidio": presidio,
        "detect-secrets": detect_secrets,
        "detect-secrets, eager": detect_secrets_eagerly,
    }
    json.dump(list(peers[sys.argv[1]](texts)), sys.stdout)


def presidio(texts: list[str]) -> Iterator[list[Any]]:
    from presidio_analyzer import RecognizerRegistry, predefined_recognizers  # type: ignore[import-not-found]

    logging.disable(logging.WARNING)
    names = ("CreditCard", "Email", "Iban", "Ip", "Phone", "UsSsn")
    registry = RecognizerRegistry(
        recognizers=[getattr(predefined_recognizers, f"{name}Recognizer")() for name in names]
    )
    for text in texts:
        yield [
            [found.start, found.end, KINDS[found.entity_type], found.score]
            for recogniser in registry.recognizers
            for found in recogniser.analyze(text, recogniser.supported_entities, None) or ()
            if found.entity_type in KINDS
        ]


def detect_secrets(texts: list[str]) -> Iterator[list[Any]]:
    """As it looks at files; text without a name is no language, so nothing is taken for granted."""
    from detect_secrets.core.scan import scan_file  # type: ignore[import-not-found]
    from detect_secrets.settings import default_settings  # type: ignore[import-not-found]

    with TemporaryDirectory() as folder, default_settings():
        for number, text in enumerate(texts):
            path = Path(folder, f"{number}.txt")
            path.write_text(text + "\n", encoding="utf-8")
            yield [[-1, -1, secret.type, 1] for secret in scan_file(str(path))]


def detect_secrets_eagerly(texts: list[str]) -> Iterator[list[Any]]:
    """As it looks at a line that somebody asks about: every word that is mixed enough counts."""
    from detect_secrets.core.scan import scan_line
    from detect_secrets.settings import default_settings

    with default_settings():
        for text in texts:
            yield [[-1, -1, secret.type, 1] for line in text.splitlines() for secret in scan_line(line)]


if __name__ == "__main__":
    main()
