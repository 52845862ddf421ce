"""The routes that belong to no API: the list of models, and an echo for whatever else is asked."""

from collections.abc import Sequence

from tests.support.upstream.answer import Answer, document
from tests.support.upstream.chat import CREATED
from tests.support.upstream.failures import error
from tests.support.upstream.received import Received


def listing(models: Sequence[str], request: Received) -> Answer:
    """`GET /v1/models`, and one of them by its name."""
    entries = {name: {"id": name, "object": "model", "created": CREATED, "owned_by": "upstream"} for name in models}
    wanted = request.path.partition("/models")[2].removeprefix("/")
    if not wanted:
        return document({"object": "list", "data": list(entries.values())})
    if wanted not in entries:
        return error(404, f"The model '{wanted}' does not exist")(request)
    return document(entries[wanted])


def echo(request: Received) -> Answer:
    """The body as it came, with its content type; method and target in headers of their own."""
    kind = request.header("content-type") or "application/octet-stream"
    headers = (("content-type", kind), ("x-echo-method", request.method), ("x-echo-target", request.target))
    return Answer(headers=headers, steps=(request.body,))
