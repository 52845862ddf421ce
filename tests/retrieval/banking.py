"""Questions to a bank and what they are about (banking77, by PolyAI): intents that are easily taken for one another.

It lies beside the checkout and is no part of the project.
"""

import csv
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

FOLDER: Final = Path(__file__).parents[3] / "shared/data"

INTENTS: Final = (
    "card_payment_fee_charged",
    "cash_withdrawal_charge",
    "transfer_fee_charged",
    "exchange_charge",
    "extra_charge_on_statement",
    "card_payment_wrong_exchange_rate",
    "wrong_exchange_rate_for_cash_withdrawal",
    "pending_card_payment",
    "pending_cash_withdrawal",
    "pending_transfer",
    "declined_card_payment",
    "declined_transfer",
    "declined_cash_withdrawal",
    "balance_not_updated_after_bank_transfer",
)
INSTRUCTIONS: Final = "\n".join(
    (
        "You sort the questions of a bank's customers. Answer with one line of JSON and nothing else: its key is "
        "`intent`, its value exactly one of these.",
        *INTENTS,
    )
)
SCHEMA: Final = {
    "type": "object",
    "properties": {"intent": {"enum": INTENTS}},
    "required": ["intent"],
    "additionalProperties": False,
}
"""An answer can only be one of the intents, right or wrong: what is measured is which."""


class Question(NamedTuple):
    text: str
    intent: str


def questions(split: str, each: int, random: Random) -> list[Question]:
    """So many of each intent, from the `train` or the `test` part, in an order drawn by `random`."""
    rows = [row for row in _rows(split) if row.intent in INTENTS]
    random.shuffle(rows)
    taken: Counter[str] = Counter()
    found = []
    for row in rows:
        taken[row.intent] += 1
        if taken[row.intent] <= each:
            found.append(row)
    return found


def answer_of(intent: str) -> str:
    return json.dumps({"intent": intent})


def is_right(answer: str, right: str) -> bool:
    try:
        return bool(json.loads(answer) == json.loads(right))
    except ValueError:
        return False


def _rows(split: str) -> Iterator[Question]:
    with (FOLDER / f"banking77_{split}.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            yield Question(" ".join(row["text"].split()), row["category"])
