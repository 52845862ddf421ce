"""What every store of runs promises. A store's own test module derives from `RunStoreContract`."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from records.run import Fact, Run, Step, Usage
from stores.runs import IndexedRuns, Position, RunFilter, RunStore, StoreError
from tests.support.runs import NOON, a_conversation, a_run, answering, asking, runs

Rows = Callable[[str], Sequence[Sequence[Any]]]
"""Runs a query on the database behind the store."""

_SHARED_STORE = settings(
    deadline=None,
    max_examples=50,
    database=None,
    suppress_health_check=[
        # Examples clear up before themselves, and each store runs the same ones.
        HealthCheck.function_scoped_fixture,
        HealthCheck.differing_executors,
        HealthCheck.too_slow,
    ],
)


def as_responses(request: str) -> str:
    """A chat request as a client of the Responses API writes it."""
    system, *said = json.loads(request)["messages"]
    kinds = {"user": "input_text", "assistant": "output_text"}
    items = [
        {"type": "message", "role": message["role"], "content": [{"type": kinds[message["role"]], **text_of(message)}]}
        for message in said
    ]
    return json.dumps({"model": "m", "instructions": system["content"] * 5, "input": items, "store": False})


def as_messages(request: str) -> str:
    """A chat request as a client of the Messages API writes it."""
    system, *said = json.loads(request)["messages"]
    messages = [{"role": message["role"], "content": [{"type": "text", **text_of(message)}]} for message in said]
    blocks = [{"type": "text", "text": "Today is Monday."}, {"type": "text", "text": system["content"] * 5}]
    return json.dumps({"model": "m", "max_tokens": 100, "system": blocks, "messages": messages})


def text_of(message: dict[str, str]) -> dict[str, str]:
    return {"text": message["content"]}


class RunStoreContract:
    """Needs the fixtures `store` and `rows`."""

    # Round trip

    @_SHARED_STORE
    @given(run=runs())
    @example(run=a_run(session="nul \0 inside", user="\0", model="\0", request=asking("nul \0 inside")))
    @example(run=a_run(started_ns=2**64 - 1, usage=Usage(2**63, 2**64 - 1)))
    def test_a_run_comes_back_as_it_was_put(self, store: RunStore, run: Run) -> None:
        store.delete(RunFilter(ids=[run.id]))
        assert store.put([run], {}) == 1
        assert store.get(run.id) == run

    def test_bodies_come_back_to_the_byte(self, store: RunStore) -> None:
        one, two = (f'{{ "role" :"user","content": "{letter * 99}\\u00e9\\/" }}' for letter in "ab")
        body = f'{{"messages" : [ {one} ,\n\t{two},{one} ] ,"model":"m" }}'
        run = a_run(request=body, sent=body.replace("bbb", "ccc"))
        store.put([run], {})
        assert store.get(run.id) == run

    def test_a_body_whose_keys_are_written_twice_comes_back(self, store: RunStore) -> None:
        first, last = (json.dumps([{"role": "user", "content": letter * 2000}]) for letter in "ab")
        run = a_run(request=f'{{"messages":{first},"tools":[],"messages":{last}}}')
        store.put([run], {})
        assert store.get(run.id) == run

    def test_a_run_that_was_never_put_is_none(self, store: RunStore) -> None:
        assert store.get("0" * 32) is None

    # Once and only once

    def test_only_new_runs_count(self, store: RunStore) -> None:
        assert store.put([a_run(1), a_run(2)], {}) == 2
        assert store.put([a_run(2), a_run(3), a_run(3)], {}) == 1
        assert store.count(RunFilter()) == 3

    def test_a_run_put_again_stays_as_it_was(self, store: RunStore) -> None:
        store.put([a_run(1, agent="first")], {})
        store.put([a_run(1, agent="second")], {})
        found = store.get(a_run(1).id)
        assert found is not None
        assert found.agent == "first"

    def test_cursors_move_with_the_runs(self, store: RunStore) -> None:
        store.put([a_run(1)], {"a": 10, "b": 20})
        store.put([], {"b": 25})
        assert store.cursors() == {"a": 10, "b": 25}

    def test_a_batch_that_cannot_be_stored_changes_nothing(self, store: RunStore, rows: Rows) -> None:
        too_large = a_run(2, steps=(Step("step", 0, 0, (Fact("fact", {"number": 2**70}),)),))
        store.put([], {"a": 10})
        with pytest.raises(StoreError, match=too_large.id):
            store.put([*a_conversation(3, first=10), too_large], {"a": 20})
        assert store.cursors() == {"a": 10}
        assert store.count(RunFilter()) == 0
        assert rows("SELECT count(*) FROM messages") == [(0,)]

    def test_cursors_of_segments_that_are_gone_can_be_dropped(self, store: RunStore) -> None:
        store.put([], {"a": 10, "b": 20, "c": 30})
        store.forget_cursors(["a", "c", "never there"])
        assert store.cursors() == {"b": 20}

    # Shared messages

    def test_a_conversations_repeated_messages_are_stored_once(self, store: RunStore, rows: Rows) -> None:
        turns = list(a_conversation(10))
        store.put(turns[:4], {})
        store.put(turns[4:], {})
        stored = [bytes(body) for (body,) in rows("SELECT body FROM messages")]
        for said in ("question 3 ", "answer 3 ", "Be kind."):
            assert sum(said.encode() in body for body in stored) == 1
        assert not any(b"question 3 " in bytes(document) for (document,) in rows("SELECT document FROM runs")[3:])
        assert [store.get(run.id) for run in turns] == turns

    @pytest.mark.parametrize("asked", [as_responses, as_messages])
    def test_conversations_of_other_apis_are_stored_once_as_well(
        self, asked: Callable[[str], str], store: RunStore, rows: Rows
    ) -> None:
        turns = [
            msgspec.structs.replace(run, request=asked(run.request), sent=asked(run.request).replace('"m"', '"n"'))
            for run in a_conversation(10)
            if run.request is not None
        ]
        store.put(turns[:4], {})
        store.put(turns[4:], {})
        stored = [bytes(body) for (body,) in rows("SELECT body FROM messages")]
        for said in ("question 3 ", "answer 3 ", "Be kind."):
            assert sum(said.encode() in body for body in stored) == 1
        assert [store.get(run.id) for run in turns] == turns

    def test_what_the_chain_left_alone_is_shared_between_both_requests(self, store: RunStore, rows: Rows) -> None:
        *_, last = a_conversation(3)
        assert last.request is not None
        edited = msgspec.structs.replace(last, sent=last.request.replace("question 3", "a better question 3"))
        store.put([edited], {})
        assert store.get(edited.id) == edited
        assert rows("SELECT count(*) FROM messages") == [(7,)]

    def test_tools_are_shared_too(self, store: RunStore, rows: Rows) -> None:
        tools = [{"type": "function", "function": {"name": "look", "description": "x" * 2000}}]
        store.put([a_run(1, request=asking("one", tools=tools)), a_run(2, request=asking("two", tools=tools))], {})
        assert rows("SELECT uses FROM messages") == [(2,)]

    def test_tenants_share_nothing(self, store: RunStore, rows: Rows) -> None:
        store.put(list(a_conversation(6, tenant="one")), {})
        store.put(_with_new_ids("two"), {})
        digests: dict[str, set[bytes]] = {"one": set(), "two": set()}
        for tenant, digest in rows("SELECT tenant, digest FROM messages"):
            digests[tenant].add(bytes(digest))
        assert len(digests["one"]) == len(digests["two"]) > 0
        assert not digests["one"] & digests["two"]

    # Lists

    def test_lists_show_what_matters(self, store: RunStore) -> None:
        assigned = Step("variant_routing", 0, 0, (Fact("assignment", {"variant": "terse", "propensity": 0.25}),))
        run = a_run(session="s", user="u", variant="terse", cost_usd=0.5, streamed=True, steps=(assigned,))
        store.put([run], {})
        (found,) = store.find(RunFilter())
        assert (found.id, found.trace_id, found.agent, found.session, found.user) == (
            run.id,
            run.trace_id,
            "support",
            "s",
            "u",
        )
        assert (found.model, found.provider, found.variant, found.propensity) == (
            "small-instruct",
            "local",
            "terse",
            0.25,
        )
        assert (found.input_tokens, found.output_tokens, found.cost_usd) == (12, 34, 0.5)
        assert (found.question, found.answer) == ("How do I reset my password?", "Open the settings.")
        assert found.streamed is True

    def test_the_newest_runs_come_first(self, store: RunStore) -> None:
        store.put([a_run(2), a_run(3), a_run(1)], {})
        assert [found.id for found in store.find(RunFilter())] == [a_run(number).id for number in (3, 2, 1)]

    def test_pages_show_every_run_once_while_new_ones_arrive(self, store: RunStore) -> None:
        # Four runs a second, so that pages end between runs of the same time.
        old = [a_run(number, started_ns=NOON + number // 4) for number in range(23)]
        store.put(old, {})
        seen: list[str] = []
        after: Position | None = None
        while page := store.find(RunFilter(), limit=5, after=after):
            seen += [found.id for found in page]
            after = page[-1].position
            store.put([a_run(100 + len(seen))], {})
        assert sorted(seen) == sorted(run.id for run in old)

    @pytest.mark.parametrize(
        ("which", "expected"),
        [
            (RunFilter(agent="a"), [1]),
            (RunFilter(tenant="t"), [2]),
            (RunFilter(session="s_1"), [3]),
            (RunFilter(session="s"), []),
            (RunFilter(session_prefix="s_"), [3]),
            (RunFilter(user="u"), [4]),
            (RunFilter(variant="v"), [5]),
            (RunFilter(outcome="error"), [6]),
            (RunFilter(status=range(500, 600)), [6]),
            (RunFilter(status=range(200, 201), agent="a"), [1]),
            (RunFilter(model="m"), [7]),
            (RunFilter(source="replay"), [8]),
            (RunFilter(turn="aux"), [9]),
            (RunFilter(since_ns=NOON + 9_000_000_000), [9, 10]),
            (RunFilter(until_ns=NOON + 2_000_000_000), [1]),
            (RunFilter(text="SESAME"), [3]),
            (RunFilter(text="électricité"), [7]),
            (RunFilter(text="100%_sure"), [10]),
            (RunFilter(ids=[a_run(2).id, a_run(5).id, "0" * 32]), [2, 5]),
            (RunFilter(ids=[]), []),
            (RunFilter(agent="a", tenant="t"), []),
        ],
        ids=str,
    )
    def test_filters_choose(self, store: RunStore, which: RunFilter, expected: list[int]) -> None:
        store.put(
            [
                a_run(1, agent="a"),
                a_run(2, tenant="t"),
                a_run(3, session="s_1", answer=answering("Open, sesame!")),
                a_run(4, user="u", session="sx"),
                a_run(5, variant="v"),
                a_run(6, outcome="error", status=502),
                a_run(7, model="m", request=asking("Where is the ÉLECTRICITÉ?", "Here.", "Électricité?")),
                a_run(8, source="replay"),
                a_run(9, turn="aux"),
                a_run(10, request=asking("Are you 100%_sure?")),
                a_run(0, request=asking("Are you 100% or un_sure?")),
            ],
            {},
        )
        expected_ids = [a_run(number).id for number in sorted(expected, reverse=True)]
        found = [found.id for found in store.find(which)]
        if which.until_ns is not None:
            expected_ids.append(a_run(0).id)
        assert found == expected_ids
        assert store.count(which) == len(expected_ids)

    def test_a_run_is_found_by_the_beginning_of_its_id(self, store: RunStore) -> None:
        ids = ["aa00" + "0" * 28, "aa01" + "0" * 28, "ab00" + "f" * 28]
        store.put([a_run(number, id=run_id) for number, run_id in enumerate(ids)], {})
        assert store.matching("ab") == [ids[2]]
        assert store.matching("aa") == [ids[1], ids[0]]
        assert store.matching(ids[2]) == [ids[2]]
        assert store.matching("b") == []
        assert store.matching("", limit=1) == [ids[2]]

    # In the order they were put

    def test_runs_are_read_in_the_order_they_were_put(self, store: RunStore) -> None:
        store.put([a_run(3), a_run(1)], {})
        store.put([a_run(2), a_run(1)], {})
        found = store.after(0, 10)
        assert [indexed.run.id for indexed in found.runs] == [a_run(number).id for number in (3, 1, 2)]
        assert [indexed.seq for indexed in found.runs] == sorted({indexed.seq for indexed in found.runs})
        assert store.after(found.upto, 10) == IndexedRuns([], found.upto)
        store.put([a_run(4)], {})
        assert [indexed.run.id for indexed in store.after(found.upto, 10).runs] == [a_run(4).id]

    def test_what_is_read_in_order_has_all_but_the_shared_bodies(self, store: RunStore) -> None:
        *_, run = a_conversation(2, variant="terse")
        store.put([run], {})
        ((_, found, question),) = store.after(0, 10).runs
        assert found == msgspec.structs.replace(run, request=None)
        assert question == "question 2 " + "why " * 40

    def test_pages_in_order_miss_nothing(self, store: RunStore) -> None:
        store.put([a_run(number) for number in range(7)], {})
        seen, upto = [], 0
        while (page := store.after(upto, 3)).runs:
            assert len(page.runs) <= 3
            seen += [indexed.run.id for indexed in page.runs]
            upto = page.upto
        assert seen == [a_run(number).id for number in range(7)]

    def test_an_agents_runs_are_read_alone_and_the_place_moves_past_the_others(self, store: RunStore) -> None:
        store.put([a_run(1, agent="a"), a_run(2, agent="b"), a_run(3, agent="a"), a_run(4, agent="b")], {})
        first = store.after(0, 1, "b")
        assert [indexed.run.id for indexed in first.runs] == [a_run(2).id]
        rest = store.after(first.upto, 5, "a")
        assert [indexed.run.id for indexed in rest.runs] == [a_run(3).id]
        assert rest.upto == store.after(0, 9).upto
        assert store.after(0, 9, "c") == IndexedRuns([], rest.upto)

    def test_runs_with_a_fact_are_read_alone_and_the_place_moves_past_the_others(self, store: RunStore) -> None:
        step = Step("guard", 1, 2, (Fact("seen", {"word": "wax"}),))
        store.put([a_run(1), a_run(2, steps=(step,)), a_run(3), a_run(4, steps=(step,)), a_run(5)], {})
        first = store.after(0, 3, fact="seen")
        assert [indexed.run.id for indexed in first.runs] == [a_run(2).id]
        assert first.more
        rest = store.after(first.upto, 3, fact="seen")
        assert [indexed.run.id for indexed in rest.runs] == [a_run(4).id]
        assert not rest.more
        assert rest.upto == store.after(0, 9).upto

    def test_a_place_that_was_read_is_never_given_to_another_run(self, store: RunStore) -> None:
        store.put([a_run(1), a_run(2)], {})
        upto = store.after(0, 10).upto
        store.delete(RunFilter(ids=[a_run(2).id]))
        assert store.after(upto, 10).upto == upto
        store.put([a_run(3)], {})
        assert [indexed.run.id for indexed in store.after(upto, 10).runs] == [a_run(3).id]

    # Deletion

    def test_deleting_names_the_runs_that_are_gone(self, store: RunStore) -> None:
        store.put([a_run(1, user="ada"), a_run(2, user="bob"), a_run(3, user="ada")], {})
        assert sorted(store.delete(RunFilter(user="ada"))) == sorted([a_run(1).id, a_run(3).id])
        assert [found.user for found in store.find(RunFilter())] == ["bob"]
        assert store.delete(RunFilter(user="ada")) == []

    def test_the_oldest_go_first_when_there_is_a_limit(self, store: RunStore) -> None:
        store.put([a_run(number) for number in (3, 1, 2, 5, 4)], {})
        before = RunFilter(until_ns=a_run(5).started_ns)
        assert set(store.delete(before, limit=3)) == {a_run(number).id for number in (1, 2, 3)}
        assert store.delete(before, limit=3) == [a_run(4).id]

    def test_deleting_everything_by_an_empty_filter_is_refused(self, store: RunStore) -> None:
        store.put([a_run(1)], {})
        with pytest.raises(ValueError, match="every run"):
            store.delete(RunFilter())
        assert store.count(RunFilter()) == 1

    def test_messages_leave_with_the_last_run_that_holds_them(self, store: RunStore, rows: Rows) -> None:
        turns = list(a_conversation(6))
        store.put(turns[:2], {})
        store.put(turns[2:], {})
        before = rows("SELECT count(*) FROM messages")[0][0]
        store.delete(RunFilter(ids=[turns[-1].id]))
        # Only the last question was the last run's alone, and the answer before it.
        assert rows("SELECT count(*) FROM messages")[0][0] == before - 2
        for gone in reversed(turns[:-1]):
            turns.pop()
            assert [store.get(run.id) for run in turns] == turns
            store.delete(RunFilter(ids=[gone.id]))
        assert rows("SELECT count(*) FROM messages") == [(0,)]

    def test_a_deleted_run_may_be_put_again(self, store: RunStore) -> None:
        turns = list(a_conversation(4))
        store.put(turns, {})
        store.delete(RunFilter(ids=[run.id for run in turns]))
        assert store.put(turns, {}) == 4
        assert [store.get(run.id) for run in turns] == turns

    @_SHARED_STORE
    @given(
        steps=st.lists(
            st.tuples(st.booleans(), st.sets(st.integers(0, 11), min_size=1)).map(lambda s: (s[0], sorted(s[1]))),
            max_size=8,
        )
    )
    def test_no_order_of_adding_and_deleting_loses_or_keeps_a_message(
        self, store: RunStore, rows: Rows, steps: list[tuple[bool, list[int]]]
    ) -> None:
        turns = [*a_conversation(6), *_with_new_ids("other")]
        store.delete(RunFilter(ids=[run.id for run in turns]))
        held: set[int] = set()
        for adds, numbers in steps:
            if adds:
                store.put([turns[number] for number in numbers], {})
                held.update(numbers)
            else:
                store.delete(RunFilter(ids=[turns[number].id for number in numbers]))
                held.difference_update(numbers)
        for number, run in enumerate(turns):
            assert store.get(run.id) == (run if number in held else None)
        if not held:
            assert rows("SELECT count(*) FROM messages") == [(0,)]


def _with_new_ids(tenant: str) -> list[Run]:
    return [
        msgspec.structs.replace(run, id=f"{100 + number:032x}", tenant=tenant)
        for number, run in enumerate(a_conversation(6))
    ]
