"""Each broken call gets one clear error that names what is wrong, reaches no upstream and harms no other call.

And what is only odd, and not ours to judge, is passed on.
"""

import json
from typing import Final

import pytest

from proxy.config.keys import hash_key
from tests.proxy.edge.conftest import Start
from tests.support.proxy import AGENT, CHAT, KEY, Answer, Proxy, asking
from tests.support.refusals import error_in
from tests.support.upstream import Upstream, document
from tests.support.wire import connected

PLAIN: Final = document({"id": "1", "model": "m", "choices": [{"index": 0, "message": {"content": "fine"}}]})


async def assert_refused(
    proxy: Proxy, upstream: Upstream, answer: Answer, status: int, code: str, says: str, param: str | None = None
) -> None:
    error = error_in(answer.headers, answer.body)
    assert (answer.status, error["code"], error["param"]) == (status, code, param)
    assert says in error["message"]
    assert upstream.requests == []
    assert (await proxy.chat("are you well?")).status == 200


def written(messages: str = "[]", rest: str = "") -> bytes:
    """A document as no library would write it."""
    return f'{{"model": "small", "messages": {messages}{rest}}}'.encode("utf-8", "surrogatepass")


def said(content: str) -> bytes:
    return written(f'[{{"role": "user", "content": {content}}}]')


NOT_JSON: Final = {
    "an empty body": (b"", "it is empty; send an object"),
    "white space": (b" \r\n\t ", "it is empty; send an object"),
    "words": (b"hello", "invalid character (byte 0)"),
    "a form": (b"model=small&messages=hello", "invalid character (byte 0)"),
    "a document cut off": (written()[:-1], "it ends too early"),
    "a document and more": (written() + b"}", "trailing characters"),
    "two documents": (written() + b"\n" + written(), "trailing characters"),
    "a byte order mark": (b"\xef\xbb\xbf" + written(), "byte order mark; send UTF-8 without one"),
    "single quotes": (b"{'messages': []}", "byte 1"),
    "a comma too many": (written(rest=","), "trailing comma in object (byte 34)"),
    "a comment": (written(rest=" // nothing"), "expected ',' or '}' (byte 34)"),
    "NaN": (written(rest=', "temperature": NaN'), "invalid character"),
    "Infinity": (written(rest=', "temperature": Infinity'), "invalid character"),
    "minus Infinity": (written(rest=', "temperature": -Infinity'), "invalid"),
    "a number that begins with 0": (written(rest=', "seed": 01'), "invalid number"),
    "a hexadecimal number": (written(rest=', "seed": 0x10'), "expected ',' or '}' (byte 44)"),
    "a line break in a string": (said('"a\nb"'), "invalid character"),
    "NUL in a string": (said('"a\0b"'), "invalid character"),
    "an unknown escape": (said(r'"\x41"'), "invalid escaped character"),
    "half an escape": (said(r'"\u12"'), "unicode escape"),
    "the first half of a surrogate pair": (said(r'"\ud83d"'), r"\ud83d (byte 61) is half of a surrogate pair"),
    "the second half of a surrogate pair": (said(r'"\ude00"'), r"\ude00 (byte 61) is half of a surrogate pair"),
    "the halves the wrong way round": (said(r'"\ude00\ud83d"'), r"\ude00 (byte 61) is half of a surrogate pair"),
}


@pytest.mark.parametrize(("body", "says"), NOT_JSON.values(), ids=NOT_JSON)
async def test_what_is_not_json_is_refused(upstream: Upstream, proxy: Proxy, body: bytes, says: str) -> None:
    answer = await proxy.post(body)
    await assert_refused(proxy, upstream, answer, 400, "invalid_json", says)
    assert answer.error["message"].startswith("the body is not valid JSON: ")


NOT_TEXT: Final = {
    "Latin-1": (said('"caf\ue000"').replace("\ue000".encode(), b"\xe9"), 64),
    "a surrogate in UTF-8": (said('"\ud800"'), 61),
    "an overlong slash": (b'{"messages": "\xc0\xaf"}', 14),
    "UTF-16": (json.dumps(asking()).encode("utf-16"), 0),
    "gzip that does not say so": (b"\x1f\x8b\x08\x00\x00\x00\x00\x00", 1),
}


@pytest.mark.parametrize(("body", "byte"), NOT_TEXT.values(), ids=NOT_TEXT)
async def test_what_is_not_utf_8_is_refused(upstream: Upstream, proxy: Proxy, body: bytes, byte: int) -> None:
    answer = await proxy.post(body)
    await assert_refused(proxy, upstream, answer, 400, "invalid_utf8", f"not valid UTF-8 (byte {byte})")


LIST: Final = "expected a list, got "
MISTYPED: Final = {
    "a list": (b"[]", None, "the body: expected an object, got a list"),
    "text": (b'"hello"', None, "the body: expected an object, got text"),
    "null": (b"null", None, "the body: expected an object, got null"),
    "messages that are null": (written("null"), "messages", f"messages: {LIST}null"),
    "messages that are an object": (written("{}"), "messages", f"messages: {LIST}an object"),
    "messages that are text": (written('"hello"'), "messages", f"messages: {LIST}text"),
    "a message that is text": (written('["hello"]'), "messages[0]", "messages[0]: expected an object, got text"),
    "a message that is null": (written('[{"role":"user"},null]'), "messages[1]", "messages[1]: expected an object"),
    "a role that is a number": (written('[{"role":1}]'), "messages[0].role", "messages[0].role: expected text"),
    "a model that is a number": (b'{"model":1,"messages":[]}', "model", "model: expected text, got a whole number"),
    "a model that is null": (b'{"model":null,"messages":[]}', "model", "model: expected text, got null"),
    "stream: yes": (written(rest=', "stream": "yes"'), "stream", "stream: expected true or false or null, got text"),
    "stream: 1": (written(rest=', "stream": 1'), "stream", "stream: expected true or false or null"),
    "options that are a list": (written(rest=', "stream_options": []'), "stream_options", "expected an object or null"),
}


@pytest.mark.parametrize(("body", "param", "says"), MISTYPED.values(), ids=MISTYPED)
async def test_a_field_without_which_no_call_can_be_served_is_named_with_its_type(
    upstream: Upstream, proxy: Proxy, body: bytes, param: str | None, says: str
) -> None:
    await assert_refused(proxy, upstream, await proxy.post(body), 400, "invalid_type", says, param)


MISSING: Final = {
    "no field at all": (b"{}", "messages"),
    "no messages": (b'{"model":"small"}', "messages"),
    "no model": (b'{"messages":[]}', "model"),
    "no role": (written('[{"content":"hello"}]'), "messages[0].role"),
}


@pytest.mark.parametrize(("body", "param"), MISSING.values(), ids=MISSING)
async def test_a_missing_field_is_named(upstream: Upstream, proxy: Proxy, body: bytes, param: str) -> None:
    answer = await proxy.post(body)
    await assert_refused(proxy, upstream, answer, 400, "missing_field", f"{param}: is missing", param)


def deep(depth: int, opening: str = "[", closing: str = "]") -> str:
    return opening * depth + "1" + closing * depth


NESTED: Final = {
    "a message": said(deep(10_000)),
    "objects in a message": said(deep(10_000, '{"a":', "}")),
    "tools": written(rest=f', "tools": {deep(10_000)}'),
    "a field that nobody knows": written(rest=f', "x": {deep(10_000)}'),
    "a field that nobody closes": written(rest=f', "x": {"[" * 10_000}'),
    "a level too many": written(rest=f', "x": {deep(128)}'),
    "a level too many that strings make look flat": written(rest=', "x": ' + deep(128, '["]",')),
}


@pytest.mark.parametrize("body", NESTED.values(), ids=NESTED)
async def test_what_is_nested_too_deeply_is_refused(upstream: Upstream, proxy: Proxy, body: bytes) -> None:
    await assert_refused(proxy, upstream, await proxy.post(body), 400, "nested_too_deeply", "flatten it")


HEADERS: Final = {
    "a session of 10 kB": ("x-burnish-session", "a" * 10_000, 400, "invalid_header", "1 to 256 printable ASCII"),
    "a session without a name": ("x-burnish-session", "", 400, "invalid_header", "1 to 256 printable ASCII"),
    "a session in no ASCII": ("x-burnish-session", "caf\u00e9", 400, "invalid_header", "1 to 256 printable ASCII"),
    "a session with a tab": ("x-burnish-session", "a\tb", 400, "invalid_header", "1 to 256 printable ASCII"),
    "a turn that is none": ("x-burnish-turn", "maybe", 400, "invalid_header", "must be main or aux"),
    "a turn without a name": ("x-burnish-turn", "", 400, "invalid_header", "must be main or aux"),
    "a bypass that is not allowed": ("x-burnish-bypass", "x", 403, "bypass_not_allowed", "allow_bypass: true"),
    "a compressed body": ("content-encoding", "gzip", 415, "unsupported_encoding", "send the body uncompressed"),
    "a body compressed twice": ("content-encoding", "br, gzip", 415, "unsupported_encoding", "'br, gzip'"),
}


@pytest.mark.parametrize(("name", "value", "status", "code", "says"), HEADERS.values(), ids=HEADERS)
async def test_a_header_that_cannot_be_followed_is_named(
    upstream: Upstream, proxy: Proxy, name: str, value: str, status: int, code: str, says: str
) -> None:
    async with connected(proxy.port) as wire:
        wire.ask(asking(), (name, value))
        answered, headers = await wire.head()
        error = error_in(dict(headers), await wire.body(headers))
    assert (answered, error["code"], error["param"]) == (status, code, name)
    assert says in error["message"]
    assert upstream.requests == []


OTHER: Final = "bn-the-key-of-another"
CREDENTIALS: Final[dict[str, tuple[str, tuple[tuple[str, str], ...], str]]] = {
    "none": ("", (), "no API key; send it as `Authorization: Bearer KEY`"),
    "an empty header": ("", (("authorization", ""),), "not of the form `Bearer KEY`"),
    "an empty token": ("", (("authorization", "Bearer "),), "no API key"),
    "a scheme alone": ("", (("authorization", "Bearer"),), "no API key"),
    "an empty header of the other kind": ("", (("x-api-key", ""),), "no API key"),
    "another scheme": ("", (("authorization", "Basic dXNlcjpwYXNz"),), "not of the form `Bearer KEY`"),
    "a key without a scheme": ("", (("authorization", KEY),), "not of the form `Bearer KEY`"),
    "a key in the query": (f"?api_key={KEY}&key={KEY}", (), "no API key"),
    "a key in a cookie": ("", (("cookie", f"key={KEY}"),), "no API key"),
    "a key nobody has": ("", (("authorization", "Bearer bn-unknown"),), "unknown API key; it may have been revoked"),
    "a key and more": ("", (("authorization", f"Bearer {KEY}, Bearer {KEY}"),), "unknown API key"),
    "the hash of a key": ("", (("authorization", f"Bearer {hash_key(KEY)}"),), "unknown API key"),
    "a key in no ASCII": ("", (("authorization", "Bearer \u00e9"),), "unknown API key"),
    "two different keys": ("", (("authorization", f"Bearer {KEY}"), ("x-api-key", OTHER)), "two different keys"),
    "two keys in one kind of header": (
        "",
        (("authorization", f"Bearer {KEY}"), ("authorization", f"Bearer {OTHER}")),
        "two different keys; send one",
    ),
}


@pytest.mark.parametrize(("query", "sent", "says"), CREDENTIALS.values(), ids=CREDENTIALS)
@pytest.mark.parametrize("path", [f"/v1/{CHAT}", "/v1/embeddings", "/v1/moderations", f"/agents/{AGENT}/v1/{CHAT}"])
async def test_who_cannot_be_known_is_refused_on_every_route(
    upstream: Upstream, proxy: Proxy, path: str, query: str, sent: tuple[tuple[str, str], ...], says: str
) -> None:
    async with connected(proxy.port) as wire:
        wire.ask(asking(), *sent, target=path + query, key=None)
        status, headers = await wire.head()
        error = error_in(dict(headers), await wire.body(headers))
    assert (status, error["code"], error["type"]) == (401, "invalid_api_key", "authentication_error")
    assert says in error["message"]
    assert upstream.requests == []


AGENTS: Final = {
    "an agent nobody knows": "nobody",
    "another agent": "billing",
    "an agent in other letters": AGENT.upper(),
    "an agent that climbs": "..",
    "an agent in control characters": "%00%0a",
}


@pytest.mark.parametrize("named", AGENTS.values(), ids=AGENTS)
@pytest.mark.parametrize("route", [CHAT, "files"])
async def test_a_key_opens_no_other_agent(upstream: Upstream, start: Start, named: str, route: str) -> None:
    proxy = await start(agents={"billing": {"keys": [hash_key(OTHER)], "models": {"default": "small"}}})
    async with connected(proxy.port) as wire:
        wire.ask(asking(), target=f"/agents/{named}/v1/{route}")
        status, headers = await wire.head()
        error = error_in(dict(headers), await wire.body(headers))
    assert (status, error["code"]) == (403, "wrong_agent")
    assert "but for 'support'; use another key" in error["message"]
    assert upstream.requests == []


@pytest.mark.parametrize("target", ["/v1%2ffiles", f"/agents%2f{AGENT}/v1/files", f"/agents/{AGENT}%2fv1/../x"])
async def test_an_encoded_slash_decides_no_route(upstream: Upstream, proxy: Proxy, target: str) -> None:
    async with connected(proxy.port) as wire:
        wire.ask(asking(), target=target)
        status, headers = await wire.head()
        error = error_in(dict(headers), await wire.body(headers))
    assert (status, error["code"]) == (404, "route_not_found")
    assert upstream.requests == []


MODELS: Final = {
    "small": {"provider": "local", "model": "small-instruct"},
    "large": {"provider": "local", "model": "large-instruct"},
}


@pytest.mark.parametrize(
    ("unknown", "asked", "status", "code", "says"),
    [
        ("reject", "nonsense", 404, "model_not_found", "there is no model 'nonsense'; agent 'support' may use small"),
        ("reject", "large", 403, "model_not_allowed", "may not use the model 'large'; it may use small"),
        ("passthrough", "large", 403, "model_not_allowed", "may not use the model 'large'; it may use small"),
        ("reject", "../large", 404, "model_not_found", "there is no model '../large'"),
    ],
)
async def test_a_model_that_may_not_be_used_is_refused_with_those_that_may(
    upstream: Upstream, start: Start, unknown: str, asked: str, status: int, code: str, says: str
) -> None:
    agent = {"models": {"default": "small", "allow": ["small"], "unknown": unknown}}
    proxy = await start(models=MODELS, agent=agent)
    answer = await proxy.post(asking(model=asked))
    await assert_refused(proxy, upstream, answer, status, code, says, "model")


@pytest.mark.parametrize(("unknown", "goes_up"), [("default", "small-instruct"), ("passthrough", "nonsense")])
async def test_an_unknown_model_is_the_default_or_passed_on_where_the_agent_says_so(
    upstream: Upstream, start: Start, unknown: str, goes_up: str
) -> None:
    proxy = await start(models=MODELS, agent={"models": {"default": "small", "unknown": unknown}})
    assert (await proxy.post(asking(model="nonsense"))).status == 200
    assert upstream.requests[0].json()["model"] == goes_up


ODD: Final = {
    "no messages": written("[]"),
    "content that is a number": said("5"),
    "content that is an object": said('{"a": 1}'),
    "content that is null": said("null"),
    "parts that are none": said("[1, null, {}]"),
    "a role that nobody knows": written('[{"role": "narrator", "content": "x"}]'),
    "tools that are text": written(rest=', "tools": "all"'),
    "tools that are an object": written(rest=', "tools": {}'),
    "tools that are numbers": written(rest=', "tools": [1]'),
    "calls that are an object": written('[{"role": "assistant", "tool_calls": {}}]'),
    "a call id that is a number": written('[{"role": "tool", "tool_call_id": 1, "content": "x"}]'),
    "n: -1": written(rest=', "n": -1'),
    "a temperature in words": written(rest=', "temperature": "hot"'),
    "a user that is a number": written(rest=', "user": 7'),
    "a limit of tokens that is no whole number": written(rest=', "max_tokens": 1.5'),
    "metadata that is a list": written(rest=', "metadata": [1]'),
    "a number of five thousand digits": written(rest=f', "seed": {"9" * 5000}'),
    "a number beyond all floats": written(rest=', "seed": 1e999'),
    "a message that is such a number": said("9" * 5000),
    "an escaped NUL": said(r'"a\u0000b"'),
    "as deep as is allowed": written(rest=f', "x": {deep(127)}'),
}


@pytest.mark.parametrize("body", ODD.values(), ids=ODD)
async def test_what_is_only_odd_is_the_upstreams_to_judge(upstream: Upstream, start: Start, body: bytes) -> None:
    proxy = await start(
        models={"small": {"provider": "local", "model": "small"}}, agent={"middleware": ["tool_outcomes"]}
    )
    upstream.reply(PLAIN)
    assert (await proxy.post(body)).status == 200
    assert upstream.requests[0].body == body
    (run,) = await proxy.recorded()
    assert run.request == body.decode()


async def test_of_a_field_given_twice_the_last_counts_and_only_that_goes_up(upstream: Upstream, proxy: Proxy) -> None:
    body = b'{"model":"large","messages":[{"role":"user","content":"first"}],"model":"small","messages":[]}'
    upstream.reply(PLAIN)
    assert (await proxy.post(body)).status == 200
    assert upstream.requests[0].body == b'{"model":"small-instruct","messages":[]}'


IGNORED: Final = {
    "a traceparent that is none": ("traceparent", "banana"),
    "a traceparent of zeros": ("traceparent", f"00-{'0' * 32}-{'0' * 16}-01"),
    "a traceparent of 10 kB": ("traceparent", "0" * 10_000),
    "a vendor's session that is no name": ("x-session-id", "caf\u00e9"),
    "a vendor's session of 10 kB": ("session-id", "a" * 10_000),
    "a vendor's session without a name": ("thread-id", ""),
    "another method": ("x-http-method-override", "DELETE"),
    "another path": ("x-original-url", "/metrics"),
    "an address of somebody else": ("x-forwarded-for", "10.0.0.1"),
    "a wish for another kind": ("accept", "image/png"),
    "another content type": ("content-type", "text/plain"),
    "an expectation nobody knows": ("expect", "the-unexpected"),
}


@pytest.mark.parametrize(("name", "value"), IGNORED.values(), ids=IGNORED)
async def test_a_header_that_means_nothing_here_does_not_stop_a_call(
    upstream: Upstream, proxy: Proxy, name: str, value: str
) -> None:
    async with connected(proxy.port) as wire:
        wire.ask(asking(), (name, value))
        status, _ = await wire.head()
    assert status == 200
    assert (upstream.requests[0].method, upstream.requests[0].target) == ("POST", f"/v1/{CHAT}")
    (run,) = await proxy.recorded()
    assert (run.session_source, run.trace_id, run.parent_span_id) == ("derived", run.id, None)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"])
async def test_another_method_is_told_the_right_one(upstream: Upstream, proxy: Proxy, method: str) -> None:
    answer = await proxy.get(f"/v1/{CHAT}", method=method)
    assert error_in(answer.headers, answer.body)["code"] == "method_not_allowed"
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
    assert upstream.requests == []


async def test_trace_is_not_passed_on_lest_it_shows_the_providers_key(upstream: Upstream, proxy: Proxy) -> None:
    answer = await proxy.get("/v1/files", method="TRACE")
    await assert_refused(proxy, upstream, answer, 501, "not_implemented", "TRACE is not served here")
