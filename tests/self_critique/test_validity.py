"""With a real small model and a schema verifier, more answers are valid in an extraction from real texts, at a cost
that is measured."""

import json
from pathlib import Path
from random import Random
from statistics import fmean
from typing import Any, Final

import pytest

from proxy.config.keys import hash_key
from records import Run
from tests.retrieval.banking import FOLDER, questions
from tests.retrieval.paired import paired
from tests.support.proxy import AGENT, KEY, asking, serving

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not FOLDER.exists(), reason="banking77 does not lie beside this checkout"),
]

PRODUCTS: Final = ["card", "cash", "transfer", "exchange", "account"]
SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "product": {"enum": PRODUCTS},
        "topic": {"type": "string", "maxLength": 20},
        "problem": {"type": "boolean"},
    },
    "required": ["product", "topic", "problem"],
    "additionalProperties": False,
}
SAID: Final = (
    {
        "role": "system",
        "content": "You read what customers write to a bank, and note what it is about. Answer with one line of JSON "
        f"and nothing else. product: one of {', '.join(PRODUCTS)}. topic: at most 20 characters. problem: true or "
        "false.",
    },
    {"role": "user", "content": "How do I get a second card?"},
    {"role": "assistant", "content": json.dumps({"product": "card", "topic": "a second card", "problem": False})},
    {"role": "user", "content": "I sent money to my brother last week and it is not there!"},
    {"role": "assistant", "content": json.dumps({"product": "transfer", "topic": "not arrived", "problem": True})},
)


def configured(base_url: str, records: Path) -> dict[str, Any]:
    """An agent on the small model, its answers checked by the schema. The price is one that hosts ask for such models,
    so that what is measured can be told in money."""
    return {
        "version": 1,
        "server": {"listen": "127.0.0.1:0"},
        "providers": {"local": {"base_url": base_url}},
        "models": {
            "small": {
                "provider": "local",
                "model": "smollm2-135m-instruct",
                "price": {"input": 0.02, "output": 0.04},
            }
        },
        "records": {"dir": str(records)},
        "agents": {
            AGENT: {
                "keys": [hash_key(KEY)],
                "models": {"default": "small"},
                "middleware": [
                    {
                        "self_critique": {
                            "verifiers": [{"json_schema": SCHEMA}],
                            "holdout": 0.01,
                            "budget": {"seconds": 60},
                        }
                    }
                ],
            }
        },
    }


async def test_more_answers_are_valid_and_what_that_cost_is_measured(
    small_model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    texts = [question.text for question in questions("test", 3, Random(7))]
    shown = []
    async with serving(configured(small_model, tmp_path)) as proxy:
        for text in texts:
            answer = await proxy.post(asking(*SAID, text, temperature=0, max_tokens=60))
            assert answer.status == 200
            shown.append(answer.text)
        runs = await proxy.recorded(len(texts))
    facts = [fact_of(run) for run in runs]
    before = [fact["before"] == 1 for fact in facts]
    after = [valid(text) for text in shown]
    gain = paired(before, after)
    revised = [(run, fact) for run, fact in zip(runs, facts, strict=True) if fact["rounds"]]
    took = [fact["took_ms"] / 1000 for _, fact in revised]
    cost = [fact["cost_usd"] for _, fact in revised]
    alone = [run.duration_ms / 1000 for run, fact in zip(runs, facts, strict=True) if not fact["rounds"]]
    accepted = sum(fact["accepted"] for fact in facts)
    tokens = fmean(fact["tokens"] for _, fact in revised)
    with capsys.disabled():
        print(f"\nvalid JSON for the schema, SmolLM2 135M on banking77: {gain}")
        print(f"{len(revised)} answers revised, {accepted} revisions accepted")
        print(f"a revision took {fmean(took):.2f} s, {tokens:.0f} tokens and ${fmean(cost):.7f}")
        print(f"a call that needed none took {fmean(alone):.2f} s")
    assert gain.low > 0
    for run, fact in revised:
        # What the revision cost is part of what the call cost, and no part of the answer's usage.
        (aside,) = run.asides
        assert aside.step == "self_critique"
        assert run.cost_usd is not None
        assert fact["cost_usd"] == aside.cost_usd
        assert 0 < fact["cost_usd"] < run.cost_usd


def fact_of(run: Run) -> dict[str, Any]:
    (fact,) = (fact for step in run.steps for fact in step.facts if fact.name == "critiqued")
    return dict(fact.attributes)


def valid(text: str) -> bool:
    """By another reader than the step's own."""
    try:
        found = json.loads(text)
    except ValueError:
        return False
    return (
        isinstance(found, dict)
        and set(found) == {"product", "topic", "problem"}
        and found["product"] in PRODUCTS
        and isinstance(found["topic"], str)
        and len(found["topic"]) <= 20
        and isinstance(found["problem"], bool)
    )
