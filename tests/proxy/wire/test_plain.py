"""Routes that take one document and answer with another are read no further than routing needs."""

import pytest

from proxy.wire.formats import FORMATS


@pytest.mark.parametrize("api", ["count_tokens", "compact", "input_tokens"])
@pytest.mark.parametrize("body", [b'{"input": "a"}', b'{"model": null, "input": "a"}'], ids=["left out", "null"])
def test_a_model_that_is_not_named_is_the_agents_default(api: str, body: bytes) -> None:
    request = FORMATS[api].read_request(body)
    assert (request.model, request.body) == ("", body)
    assert request.with_model("m").model == "m"
