"""Routes that take one document and answer with another are read no further than routing needs."""

import pytest

from proxy.errors import BadRequest
from proxy.wire.formats import FORMATS

UNNAMED = pytest.mark.parametrize(
    "body", [b'{"input": "a"}', b'{"model": null, "input": "a"}'], ids=["left out", "null"]
)


@UNNAMED
def test_whose_tokens_are_counted_need_not_be_said_in_responses(body: bytes) -> None:
    request = FORMATS["input_tokens"].read_request(body)
    assert (request.model, request.body) == ("", body)
    assert request.with_model("m").model == "m"


@UNNAMED
@pytest.mark.parametrize("api", ["count_tokens", "compact"])
def test_where_the_api_wants_a_model_one_must_be_named(api: str, body: bytes) -> None:
    with pytest.raises(BadRequest, match="model: is missing") as raised:
        FORMATS[api].read_request(body)
    assert (raised.value.param, raised.value.code) == ("model", "missing_field")
