"""What litellm is given of a chat request, and what it is spared."""

import pytest

from proxy.errors import BadRequest
from proxy.upstreams.litellm.chat import arguments_of

REFUSED = {
    "a field of litellm's own": (b'{"messages":[],"api_base":"http://elsewhere"}', "api_base", "which is not given"),
    "metadata that is a list": (b'{"messages":[],"metadata":[]}', "metadata", "must map names to texts"),
    "metadata of numbers": (b'{"messages":[],"metadata":{"a":1}}', "metadata", "must map names to texts"),
    "content that is a number": (b'{"messages":[{"content":5}]}', "messages[0].content", "must be text or a list"),
    "parts that are none": (b'{"messages":[{},{"content":[1]}]}', "messages[1].content", "must be text or a list"),
    "a number of five thousand digits": (b'{"messages":[],"seed":%b}' % (b"9" * 5000), None, "cannot be given this"),
}


@pytest.mark.parametrize(("body", "param", "says"), REFUSED.values(), ids=REFUSED)
def test_what_litellm_would_stumble_over_is_refused_by_its_name(body: bytes, param: str | None, says: str) -> None:
    with pytest.raises(BadRequest) as refused:
        arguments_of(body, "claude")
    assert refused.value.param == param
    assert says in refused.value.message


def test_the_rest_is_handed_on_without_nulls() -> None:
    messages = b'[{"role":"user","content":"a"},{"role":"user","content":[{"type":"text"}]},{"content":null}]'
    given = arguments_of(b'{"model":"m","messages":%b,"user":null,"metadata":{"a":"b"},"n":2}' % messages, "claude")
    assert list(given) == ["messages", "metadata", "n"]
