"""The turns of one conversation make one session, and those of two never do: by header, by body, by what was said."""

import json
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from middleware.exchange import Bound
from proxy.errors import BadRequest
from proxy.identity.sessions import Session, Sessions, scope_of
from proxy.wire.chat import ChatCompletion, ChatCompletionsRequest
from proxy.wire.responses import ResponsesRequest
from stores.transcripts import FileTranscripts, MemoryTranscripts, Seen, Transcripts

MINUTE = 60 * 10**9
IDLE = 30 * MINUTE


@pytest.fixture(params=["memory", "file of one worker", "file of several"])
def transcripts(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Transcripts]:
    if request.param == "memory":
        yield MemoryTranscripts()
    else:
        file = FileTranscripts(tmp_path / "state.db", shared=request.param == "file of several")
        yield file
        file.close()


class World:
    """A proxy's sessions under a clock that the test holds, and clients that call it."""

    def __init__(self, transcripts: Transcripts) -> None:
        self.transcripts = transcripts
        self.sessions = Sessions(transcripts, IDLE)
        self.now = 1_800_000_000 * 10**9
        self.numbers = count(1)

    def find(self, messages: list[Any], headers: dict[str, str], user: str | None = None, agent: str = "a") -> "Found":
        request = ChatCompletionsRequest.read(json.dumps({"model": "m", "messages": messages}).encode())
        run_id, scope = f"{next(self.numbers):032x}", scope_of(agent, user)
        self.now += 1
        raw = {name.encode(): value.encode("latin-1") for name, value in headers.items()}
        session = self.sessions.find(request, raw, scope=scope, run_id=run_id, now_ns=self.now)
        return Found(self, request, session, scope, run_id)


class Found:
    """A call whose session is known, and whose answer is still to come."""

    def __init__(
        self, world: World, request: ChatCompletionsRequest, session: Session, scope: bytes, run_id: str
    ) -> None:
        self.world, self.request, self.session, self.scope, self.run_id = world, request, session, scope, run_id

    def answered(self, message: dict[str, Any]) -> None:
        body = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
        completion = ChatCompletion(json.dumps(body).encode())
        self.world.now += 1
        asked = tuple(call.id for call in completion.calls)
        self.world.sessions.remember(
            self.request,
            completion,
            scope=self.scope,
            session=self.session,
            seen=Seen(self.session.id, self.run_id, self.run_id, self.world.now, asked),
        )

    def failed(self) -> None:
        self.world.sessions.failed(self.session)


class Client:
    """An agent that keeps its conversation and sends it whole each time."""

    def __init__(self, world: World, *, user: str | None = None, agent: str = "a", **headers: str) -> None:
        self.world = world
        self.user = user
        self.agent = agent
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self.messages: list[Any] = []

    def asks(self, text: str | None = None) -> Found:
        if text is not None:
            self.messages.append({"role": "user", "content": text})
        return self.world.find(self.messages, self.headers, self.user, self.agent)

    def says(self, text: str, answer: str = "Hello.", *, kept: Any = None) -> Session:
        """One turn. `kept` is what the client makes of the answer for its history."""
        return self.turn(text, {"role": "assistant", "content": answer}, kept=kept)

    def turn(self, text: str | None, message: dict[str, Any], *, kept: Any = None) -> Session:
        found = self.asks(text)
        found.answered(message)
        self.messages.append(kept or message)
        return found.session

    def returns(self, *results: tuple[str, str]) -> None:
        self.messages += [{"role": "tool", "tool_call_id": id, "content": text} for id, text in results]


def calling(*ids: str, text: str | None = None) -> dict[str, Any]:
    calls = [{"id": id, "type": "function", "function": {"name": "f", "arguments": "{}"}} for id in ids]
    return {"role": "assistant", "content": text, "tool_calls": calls}


@pytest.fixture
def world(transcripts: Transcripts) -> World:
    return World(transcripts)


def test_the_turns_of_a_conversation_are_one_session(world: World) -> None:
    client = Client(world)
    found = [client.says(f"question {number}", f"answer {number}") for number in range(5)]
    assert {session.id for session in found} == {f"{1:032x}"}
    assert {session.source for session in found} == {"derived"}


def test_a_new_conversation_is_a_new_session(world: World) -> None:
    assert Client(world).says("hi", "Hello.").id != Client(world).says("ho", "Hello.").id


def test_conversations_that_begin_alike_never_merge(world: World) -> None:
    clients = [Client(world) for _ in range(4)]
    opened = [client.says("hi").id for client in clients]
    assert len(set(opened)) == 4
    for turn in range(3):
        # In another order each time; answers alike as long as a model gives them.
        order = clients[turn:] + clients[:turn]
        assert len({client.says(f"turn {turn}").id for client in order}) == 4
    assert {client.says("end").id for client in clients} == set(opened)


def test_conversations_that_begin_alike_and_are_answered_differently_stay_themselves(world: World) -> None:
    one, two = Client(world), Client(world)
    first, second = one.says("hi", "Hello.").id, two.says("hi", "Good day.").id
    assert (two.says("go on").id, one.says("go on").id) == (second, first)


def test_a_call_sent_again_stays_in_its_session(world: World) -> None:
    client = Client(world)
    opened = client.says("hi").id
    client.asks("go on")
    assert client.asks().session.id == opened
    assert client.turn(None, {"role": "assistant", "content": "Yes."}).id == opened
    assert client.says("and on").id == opened


def test_a_failed_call_sent_again_stays_in_its_session_though_another_began_alike(world: World) -> None:
    one, two = Client(world), Client(world)
    first, second = one.says("hi").id, two.says("hi").id
    failed = one.asks("go on")
    assert failed.session.id == first
    failed.failed()
    again = one.asks()
    assert again.session.id == first
    again.failed()
    assert one.asks().session.id == first
    assert two.says("something else").id == second


def test_a_branch_stays_in_the_session_it_branched_from(world: World) -> None:
    client = Client(world)
    opened = client.says("hi").id
    client.says("left")
    del client.messages[2:]
    assert client.says("right").id == opened


@pytest.mark.parametrize(
    "kept",
    [
        {"role": "assistant", "content": "  Hello. \n"},
        {"role": "assistant", "content": [{"type": "text", "text": "Hel"}, {"type": "text", "text": "lo."}]},
        {"role": "assistant", "content": "Hello.", "refusal": None, "name": "bot", "tool_calls": None},
        {"role": "assistant", "content": "Something that it never said."},
    ],
    ids=["white space", "in parts", "more fields", "edited"],
)
def test_an_answer_may_be_changed_in_the_history(world: World, kept: dict[str, Any]) -> None:
    client = Client(world)
    opened = client.says("hi", kept=kept).id
    assert client.says("go on").id == opened
    assert client.says("and on").id == opened


def test_an_edited_answer_is_no_proof_where_two_sessions_asked_the_same(world: World) -> None:
    one, two = Client(world), Client(world)
    opened = {one.says("hi", "Hello.").id, two.says("hi", "Good day.").id}
    one.messages[1] = {"role": "assistant", "content": "Edited."}
    assert one.says("go on").id not in opened


def test_what_another_session_was_answered_long_ago_is_not_taken_for_an_edit(world: World) -> None:
    old = Client(world)
    old.says("hi", "Hello.")
    world.now += IDLE + MINUTE
    young = Client(world)
    opened = young.says("hi", "Good day.").id
    assert old.says("go on").id != opened
    assert young.says("go on").id == opened


def test_instructions_may_change_from_call_to_call(world: World) -> None:
    """Many agents tell the model the time, or what they remember, in their system message."""
    client = Client(world)
    client.messages = [{"role": "system", "content": "It is noon."}]
    opened = client.says("hi").id
    client.messages[0] = {"role": "system", "content": "It is one o'clock."}
    assert client.says("go on").id == opened
    client.messages.insert(0, {"role": "developer", "content": "Be kind."})
    assert client.says("and on").id == opened


def test_tool_results_join_the_session_that_asked_for_them(world: World) -> None:
    client = Client(world)
    opened = client.turn("hi", calling("call-1", "call-2")).id
    client.returns(("call-2", "x"), ("call-1", "y"))
    found = client.asks()
    assert (found.session.id, found.session.source) == (opened, "derived")
    assert found.session.previous is not None
    assert (found.session.previous.run_id, found.session.previous.asked) == (f"{1:032x}", ("call-1", "call-2"))
    found.answered(calling("call-3"))
    client.messages.append(calling("call-3"))
    client.returns(("call-3", "z"))
    again = client.asks().session
    assert again.id == opened
    assert again.previous is not None
    assert again.previous.run_id == f"{2:032x}"


def test_tool_results_join_though_the_history_before_them_was_rewritten(world: World) -> None:
    client = Client(world)
    opened = client.turn("a long story", calling("call-1")).id
    client.messages[0] = {"role": "user", "content": "a summary"}
    client.returns(("call-1", "x"))
    assert client.asks().session.id == opened


def test_a_question_after_the_results_has_no_call_before_it(world: World) -> None:
    client = Client(world)
    client.turn("hi", calling("call-1"))
    client.returns(("call-1", "x"))
    client.turn(None, {"role": "assistant", "content": "Done."})
    assert client.asks("thanks").session.previous is None


def test_calls_that_are_numbered_alike_in_every_conversation_do_not_merge_them(world: World) -> None:
    """Some models number their tool calls from 0 in each conversation."""
    clients = [Client(world) for _ in range(3)]
    opened = [client.turn(f"question {n}", calling("functions.f:0")).id for n, client in enumerate(clients)]
    for client in clients:
        client.returns(("functions.f:0", "x"))
    found = [client.asks().session for client in reversed(clients)]
    assert [session.id for session in reversed(found)] == opened
    asked = [session.previous.run_id if session.previous else None for session in reversed(found)]
    assert asked == opened


def test_such_calls_prove_nothing_once_the_history_was_rewritten(world: World) -> None:
    one, two = Client(world), Client(world)
    opened = {one.turn("question 1", calling("f:0")).id, two.turn("question 2", calling("f:0")).id}
    one.messages[0] = {"role": "user", "content": "rewritten"}
    one.returns(("f:0", "x"))
    session = one.asks().session
    assert session.id not in opened
    assert session.previous is None


def test_thirty_idle_minutes_end_a_session(world: World) -> None:
    client = Client(world)
    opened = client.says("hi").id
    world.now += IDLE - MINUTE
    assert client.says("go on").id == opened
    world.now += IDLE + MINUTE
    later = client.says("and on")
    assert (later.source, later.id == opened) == ("derived", False)
    assert client.says("still there?").id == later.id


def test_tool_results_that_come_too_late_begin_a_session(world: World) -> None:
    client = Client(world)
    opened = client.turn("hi", calling("call-1")).id
    client.returns(("call-1", "x"))
    world.now += IDLE + MINUTE
    found = client.asks().session
    assert (found.id == opened, found.previous) == (False, None)


@pytest.mark.parametrize(
    "other", [{"user": "bob"}, {"user": None}, {"agent": "b"}], ids=["another user", "nobody", "another agent"]
)
def test_what_somebody_else_says_word_for_word_joins_nothing(world: World, other: dict[str, Any]) -> None:
    ada = Client(world, user="ada")
    opened = ada.turn("hi", calling("call-1")).id
    ada.returns(("call-1", "x"))
    thief = Client(world, **{"user": "ada", **other})
    thief.messages = list(ada.messages)
    found = thief.asks().session
    assert (found.id == opened, found.previous) == (False, None)
    assert ada.asks().session.id == opened


def test_a_header_names_the_session(world: World) -> None:
    client = Client(world, x_burnish_session="mine")
    assert [client.says("hi")[:2], client.says("go on")[:2]] == [("mine", "header")] * 2


@pytest.mark.parametrize("name", ["session-id", "thread-id", "x-session-id", "x-conversation-id", "session_id"])
def test_so_does_a_vendors_header(world: World, name: str) -> None:
    client = Client(world)
    client.headers = {name: "theirs"}
    assert client.says("hi")[:2] == ("theirs", "vendor")


def test_our_header_comes_before_a_vendors(world: World) -> None:
    assert Client(world, session_id="theirs", x_burnish_session="mine").says("hi")[:2] == ("mine", "header")


def test_a_call_without_a_name_does_not_join_a_session_that_was_named(world: World) -> None:
    named, unnamed = Client(world, x_burnish_session="mine"), Client(world)
    named.says("hi")
    opened = unnamed.says("hi").id
    assert unnamed.says("go on").id == opened
    assert named.says("go on").id == "mine"


def test_a_named_session_knows_the_calls_it_asked_for(world: World) -> None:
    client = Client(world, x_burnish_session="mine")
    client.turn("hi", calling("call-1"))
    client.returns(("call-1", "x"))
    session = client.asks().session
    assert session.previous is not None
    assert (session.id, session.previous.run_id) == ("mine", f"{1:032x}")


@pytest.mark.parametrize("value", ["", "x" * 257, "é", "a\tb"])
def test_a_name_of_ours_that_cannot_be_one_is_refused(world: World, value: str) -> None:
    with pytest.raises(BadRequest, match="x-burnish-session"):
        Client(world, x_burnish_session=value).says("hi")


@pytest.mark.parametrize("value", ["", "x" * 257, "é"])
def test_a_vendors_name_that_cannot_be_one_is_passed_over(world: World, value: str) -> None:
    client = Client(world, session_id=value)
    opened = client.says("hi")
    assert opened.source == "derived"
    assert client.says("go on").id == opened.id
    assert Client(world, session_id=value, thread_id="good").says("hi")[:2] == ("good", "vendor")


def test_sessions_of_several_workers_go_on_at_any_of_them(tmp_path: Path) -> None:
    files = [FileTranscripts(tmp_path / "state.db", shared=True) for _ in range(3)]
    worlds = [World(file) for file in files]
    for number, world in enumerate(worlds):
        world.numbers = count(1 + 1000 * number)
    client = Client(worlds[0])
    sessions = set()
    for world in worlds * 2:
        world.now = client.world.now + MINUTE
        client.world = world
        sessions.add(client.says("go on").id)
    assert len(sessions) == 1
    for file in files:
        file.close()


def test_sessions_outlive_a_restart(tmp_path: Path) -> None:
    def restarted(go: Callable[[World], Session], now: int) -> Session:
        file = FileTranscripts(tmp_path / "state.db", shared=False)
        world = World(file)
        world.now = now
        try:
            return go(world)
        finally:
            file.close()

    start = 1_800_000_000 * 10**9
    messages: list[Any] = []

    def first(world: World) -> Session:
        client = Client(world)
        session = client.says("hi")
        messages.extend(client.messages)
        return session

    def second(world: World) -> Session:
        client = Client(world)
        client.messages = messages
        return client.says("go on")

    assert restarted(first, start).id == restarted(second, start + MINUTE).id


def of_responses(**fields: Any) -> ResponsesRequest:
    return ResponsesRequest.read(json.dumps({"model": "m", "input": "hello", **fields}).encode())


def found(transcripts: Transcripts, request: ResponsesRequest, continued: Seen | None = None, **named: str) -> Session:
    headers = {name.replace("_", "-").encode(): value.encode() for name, value in named.items()}
    sessions = Sessions(transcripts, IDLE)
    return sessions.find(
        request, headers, scope=scope_of("a", None), run_id="new", now_ns=IDLE + 2, continued=continued
    )


def test_a_call_that_names_an_answer_joins_its_session_and_goes_where_it_is_kept(transcripts: Transcripts) -> None:
    before = Seen("s", "r", "t", 1, (), "terse", "small")
    session = found(transcripts, of_responses(previous_response_id="resp_1"), before)
    # However long ago: who names an answer means it.
    assert (session.id, session.source) == ("s", "body")
    assert session.bound == Bound("terse", "small", kept=True)


def test_a_call_that_names_an_answer_nobody_knows_opens_a_session_of_that_name(transcripts: Transcripts) -> None:
    session = found(transcripts, of_responses(previous_response_id="resp_1"))
    assert session == Session("resp_1", "body")


def test_a_header_outweighs_the_answer_that_a_call_names_but_not_where_it_is_kept(transcripts: Transcripts) -> None:
    before = Seen("s", "r", "t", 1, (), "terse", "small")
    session = found(transcripts, of_responses(previous_response_id="resp_1"), before, x_burnish_session="mine")
    assert (session.id, session.source) == ("mine", "header")
    assert session.bound == Bound("terse", "small", kept=True)


@pytest.mark.parametrize("conversation", ["conv_1", {"id": "conv_1"}])
def test_a_conversation_is_a_session_and_stays_where_it_is_kept(transcripts: Transcripts, conversation: Any) -> None:
    request = of_responses(conversation=conversation)
    sessions, scope = Sessions(transcripts, IDLE), scope_of("a", None)
    first = sessions.find(request, {}, scope=scope, run_id="r", now_ns=1)
    assert first == Session("conv_1", "body")
    answer = request.answer("hi")
    sessions.remember(
        request, answer, scope=scope, session=first, seen=Seen("conv_1", "r", "t", 1, (), "terse", "small")
    )
    second = sessions.find(request, {}, scope=scope, run_id="q", now_ns=2)
    assert (second.id, second.bound) == ("conv_1", Bound("terse", "small", kept=True))


def test_a_call_without_anything_sealed_is_bound_to_nobody(transcripts: Transcripts) -> None:
    sessions, scope = Sessions(transcripts, IDLE), scope_of("a", None)
    first = of_responses()
    opened = sessions.find(first, {}, scope=scope, run_id="r", now_ns=1)
    seen = Seen(opened.id, "r", "t", 1, (), "terse", "small")
    sessions.remember(first, first.answer("hi"), scope=scope, session=opened, seen=seen)
    said = [{"role": role, "content": text} for role, text in (("user", "hello"), ("assistant", "hi"), ("user", "so?"))]
    next_one = sessions.find(of_responses(input=said), {}, scope=scope, run_id="q", now_ns=2)
    assert (next_one.id, next_one.bound) == (opened.id, None)


def test_an_answer_named_by_its_id_is_the_answer(transcripts: Transcripts) -> None:
    """As clients do that let the provider keep what it said."""
    sessions, scope = Sessions(transcripts, IDLE), scope_of("a", None)
    first = of_responses()
    opened = sessions.find(first, {}, scope=scope, run_id="r", now_ns=1)
    answer = first.answer("hi")
    seen = Seen(opened.id, "r", "t", 1, (), "terse", "small")
    sessions.remember(first, answer, scope=scope, session=opened, seen=seen)
    (item,) = json.loads(answer.body)["output"]
    said = [
        {"role": "user", "content": "hello"},
        {"type": "item_reference", "id": item["id"]},
        {"role": "user", "content": "so?"},
    ]
    joined = sessions.find(of_responses(input=said), {}, scope=scope, run_id="q", now_ns=2)
    assert (joined.id, joined.bound) == (opened.id, Bound("terse", "small"))
