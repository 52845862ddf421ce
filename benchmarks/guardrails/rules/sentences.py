"""Sentences with people's data in them: Presidio's own templates, filled with values that Faker makes up. It runs in
the peers' environment, and writes each text with what is in it: `[text, [[start, end, kind], …]]`."""

import json
import random
import re
import sys
from collections.abc import Callable
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

LOCALES = ("en_US", "en_GB", "en_CA", "en_AU", "de_DE", "fr_FR", "es_ES", "it_IT", "nl_NL", "sv_SE", "pl_PL", "pt_BR")
TEMPLATES = "presidio_evaluator/data_generator/raw_data/templates.txt"
FILLS = 12


def main() -> None:
    from faker import Faker  # type: ignore[import-not-found]

    Faker.seed(2026)
    chance = random.Random(2026)
    fakers = [Faker(locale) for locale in LOCALES]
    path = distribution("presidio-evaluator").locate_file(TEMPLATES)
    templates = [line for line in Path(str(path)).read_text(encoding="utf-8").splitlines() if line.strip()]
    json.dump([filled(line, chance.choice(fakers), chance) for line in templates for _ in range(FILLS)], sys.stdout)


def filled(template: str, faker: Any, chance: random.Random) -> tuple[str, list[tuple[int, int, str]]]:
    text, places = "", []
    for told, name in re.findall(r"(.*?)(?:\{\{(\w+)\}\}|$)", template.replace("\\n", "\n"), flags=re.DOTALL):
        text += told
        if name:
            kind, value = made(name, faker, chance)
            if kind:
                places.append((len(text), len(text) + len(value), kind))
            text += value
    return text, places


def made(name: str, faker: Any, chance: random.Random) -> tuple[str, str]:
    """Its kind, where that is one of those that are looked for, and a value."""
    kinds: dict[str, tuple[str, Callable[[], str]]] = {
        "credit_card_number": ("card", faker.credit_card_number),
        "phone_number": ("phone", faker.phone_number),
        "email": ("email", faker.email),
        "iban": ("iban", faker.iban),
        "ip_address": ("ip_address", chance.choice((faker.ipv4, faker.ipv6))),
        "ssn": ("us_ssn", type(faker)("en_US").ssn),
        "organization": ("", faker.company),
        "person": ("", faker.name),
        "age": ("", lambda: str(chance.randint(18, 90))),
        "zipcode": ("", faker.postcode),
        "nationality": ("", faker.country),
        "nation_woman": ("", faker.country),
        "nation_plural": ("", faker.country),
        "date_time": ("", faker.date),
        "date_of_birth": ("", faker.date),
        "state_abbr": ("", lambda: chance.choice(("CA", "NY", "TX", "WA"))),
        "secondary_address": ("", lambda: f"Apt. {chance.randint(1, 900)}"),
        "us_driver_license": ("", lambda: f"{chance.choice('ABCD')}{chance.randint(10**6, 10**7)}"),
        "prefix_male": ("", lambda: "Mr."),
        "prefix_female": ("", lambda: "Ms."),
        "prefix": ("", lambda: "Dr."),
        "url": ("", faker.url),
        "year": ("", lambda: str(chance.randint(1900, 2026))),
    }
    if name in kinds:
        kind, make = kinds[name]
        return kind, str(make())
    return "", str(getattr(faker, name, faker.word)())


if __name__ == "__main__":
    main()
