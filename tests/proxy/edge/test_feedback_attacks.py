"""Votes that nobody may cast, and votes that were cast before, change nothing, however many there are."""

import json
import random
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any, TypeAlias

from proxy.config.keys import hash_key
from stores.ledger import open_ledger
from tests.proxy.edge.conftest import Start
from tests.support.asgi import AsgiClient
from tests.support.indexing import index
from tests.support.proxy import AGENT

SALES_KEY = "bn-the-key-of-sales"
SALES = {
    "keys": [hash_key(SALES_KEY)],
    "models": {"default": "small"},
    "tenant": "other",
    "feedback": {"secret": "the secret of sales"},
}
ATTEMPTS = 10_000
Attempt: TypeAlias = tuple[Any, Mapping[str, str]]
"""A body, and headers; without any of the latter the agent's own key is sent."""


async def test_ten_thousand_replayed_and_forged_votes_change_nothing(start: Start) -> None:
    proxy = await start(agent={"feedback": {"secret": "the secret of support"}}, agents={"sales": SALES})
    theirs = {"authorization": f"Bearer {SALES_KEY}"}
    mine = [await proxy.chat(f"question {number}", user=f"user {number % 3}") for number in range(5)]
    sold = [await proxy.chat(f"question {number}", headers=theirs) for number in range(5)]
    index(proxy.records)
    honest: list[Attempt] = [
        ({"run_id": asked.run_id, "thumbs": thumbs, "rater": rater, "idempotency_key": f"{rater} {asked.run_id}"}, {})
        for asked in mine
        for rater, thumbs in (("ada", "up"), ("bob", "down"))
    ]
    honest += [({"run_id": asked.run_id, "rating": 4}, theirs) for asked in sold]
    client = AsgiClient(proxy)

    async def send(body: Any, headers: Mapping[str, str]) -> int:
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = [(name, value.encode()) for name, value in headers.items()]
        return (await client.ask(text, headers=named, target="/v1/feedback")).status

    def state() -> list[Any]:
        with closing(open_ledger(f"sqlite:///{proxy.records / 'burnish.db'}")) as ledger:
            return [(each.seq, each.score) for each in ledger.scores_after(0, 1000)]

    assert {await send(*attempt) for attempt in honest} == {201}
    before = state()
    assert len(before) == len(honest)

    chance = random.Random(4)

    def tokens(asked: Any) -> str:
        return str(asked.headers["x-burnish-feedback"])

    def hexadecimal() -> str:
        return f"{chance.getrandbits(128):032x}"

    no_key = {"authorization": ""}
    forgeries: dict[str, tuple[int, Callable[[], Attempt]]] = {
        "said before": (200, lambda: chance.choice(honest)),
        "another tenant's run": (404, lambda: ({"run_id": chance.choice(sold).run_id, "thumbs": "down"}, {})),
        "another tenant's answer": (404, lambda: ({"response_id": chance.choice(sold).json()["id"], "rating": 1}, {})),
        "mine, with another's key": (404, lambda: ({"run_id": chance.choice(mine).run_id, "thumbs": "up"}, theirs)),
        "a run that never was": (404, lambda: ({"run_id": hexadecimal(), "thumbs": "up"}, {})),
        "a key that never was": (
            401,
            lambda: ({"run_id": mine[0].run_id, "thumbs": "up"}, {"authorization": f"Bearer bn-{hexadecimal()}"}),
        ),
        "no key at all": (401, lambda: ({"run_id": chance.choice(mine).run_id, "thumbs": "down"}, no_key)),
        "a signature made up": (
            401,
            lambda: ({"run_id": mine[0].run_id, "thumbs": "down", "token": f"{AGENT}.{hexadecimal()}"}, no_key),
        ),
        "a signature of another run": (
            401,
            lambda: ({"run_id": mine[0].run_id, "thumbs": "down", "token": tokens(chance.choice(mine[1:]))}, no_key),
        ),
        "another tenant's signature": (
            401,
            lambda: ({"run_id": mine[0].run_id, "thumbs": "up", "token": tokens(chance.choice(sold))}, no_key),
        ),
        "somebody else's word": (
            403,
            lambda: (
                {"run_id": mine[0].run_id, "thumbs": "up", "rater": hexadecimal(), "token": tokens(mine[0])},
                no_key,
            ),
        ),
        "gold": (400, lambda: ({"run_id": mine[0].run_id, "score": {"name": "gold", "value": 1}}, {})),
        "a reward": (400, lambda: ({"run_id": mine[0].run_id, "score": {"name": "reward", "value": 1}}, {})),
        "a field that is none": (400, lambda: ({"run_id": mine[0].run_id, "thumbs": "up", "weight": 100}, {})),
        "a value out of range": (400, lambda: ({"run_id": mine[0].run_id, "rating": chance.randint(6, 999)}, {})),
        "a value that is none": (400, lambda: (b'{"run_id":"x","score":{"name":"x","value":1e999}}', {})),
        "no JSON": (400, lambda: (chance.randbytes(chance.randint(1, 40)) + b"\xff", {})),
        "a preference over itself": (
            400,
            lambda: ({"run_id": mine[0].run_id, "preferred_over": mine[0].run_id}, {}),
        ),
        "a preference over another tenant's": (
            404,
            lambda: ({"run_id": mine[0].run_id, "preferred_over": sold[0].run_id}, {}),
        ),
        "a preference between questions": (
            400,
            lambda: ({"run_id": mine[0].run_id, "preferred_over": mine[1].run_id}, {}),
        ),
    }
    answered: Counter[tuple[str, int]] = Counter()
    kinds = list(forgeries)
    for _ in range(ATTEMPTS):
        kind = chance.choice(kinds)
        answered[kind, await send(*forgeries[kind][1]())] += 1

    assert set(answered) == {(kind, status) for kind, (status, _) in forgeries.items()}
    assert sum(answered.values()) == ATTEMPTS
    assert state() == before
