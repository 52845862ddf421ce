"""The answers that an agent's calls may refer to by their id alone, and what was said up to each."""

import re
from collections.abc import Sequence
from itertools import chain
from typing import Final

import msgspec

from middleware.messages import Completion
from proxy.errors import BadRequest
from proxy.wire.document import fields_of
from proxy.wire.format import WireRequest
from proxy.wire.responses.kept import items_of
from stores.responses import KeptResponse, ResponseStore
from stores.transcripts import Seen


class _Identified(msgspec.Struct):
    id: str | None = None


class KeptAnswers:
    """One agent's. Another agent's answers are unknown to it, whatever their ids."""

    def __init__(self, store: ResponseStore, agent: str) -> None:
        self._store = store
        self._agent = agent

    def find(self, id: str) -> KeptResponse | None:
        return self._store.get(self._agent, id)

    def continued(self, id: str) -> KeptResponse | None:
        """The answer that a request goes on from; None where only its provider can know it. Raises `BadRequest`."""
        kept = self.find(id)
        if kept is None and self.is_anothers(id):
            raise unknown_answer(id)
        return kept

    def is_anothers(self, id: str) -> bool:
        """Whether the answer was given to another agent: then it is none of this one's business."""
        return self._store.is_anothers(self._agent, id)

    def claim(self, id: str, seen: Seen, *, user: str | None = None) -> None:
        """A conversation that a provider keeps is this agent's, unless it has been known before."""
        if self.find(id) is None:
            self._store.put(self._own(id, seen, user))

    def refuse_anothers(self, conversation: str) -> None:
        """Raises `BadRequest` for a conversation that another agent began."""
        if self.is_anothers(conversation):
            raise BadRequest(
                f"there is no conversation {conversation!r}", param="conversation", code="conversation_not_found"
            )

    def delete(self, id: str) -> bool:
        return self._store.delete(self._agent, id)

    def keep(self, request: WireRequest, completion: Completion, seen: Seen, *, user: str | None, whole: bool) -> None:
        """`whole`: the provider keeps nothing, so all that was said is kept here."""
        if not completion.id:
            return
        kept = self._own(completion.id, seen, user)
        self._store.put(
            msgspec.structs.replace(
                kept,
                asked=seen.asked,
                previous=request.continues,
                input=items_of(request.body) if whole else None,
                output=completion.body if whole else None,
            )
        )

    def item(self, id: str) -> bytes | None:
        """An item of an answer that is kept here, by the item's own id."""
        call = _ITEM.fullmatch(id)
        kept = self.find(f"resp_{call[1]}") if call else None
        if kept is None or kept.output is None:
            return None
        items = _ITEMS.decode(fields_of(kept.output)["output"])
        return next((bytes(item) for item in items if _IDENTIFIED.decode(item).id == id), None)

    def earlier(self, id: str) -> Sequence[bytes]:
        """JSON lists of items, oldest first: what was asked and answered up to the answer `id`.

        Empty where the answer is not kept here, or not all that it goes on from is.
        """
        found = self._store.chain(self._agent, id)
        if not found or found[0].previous is not None or any(kept.output is None for kept in found):
            return ()
        said = ((kept.input or b"[]", bytes(fields_of(kept.output)["output"])) for kept in found if kept.output)
        return list(chain.from_iterable(said))

    def _own(self, id: str, seen: Seen, user: str | None) -> KeptResponse:
        """What is known of anything that this agent may refer to."""
        return KeptResponse(
            id=id,
            agent=self._agent,
            user=user,
            session=seen.session,
            run_id=seen.run_id,
            trace_id=seen.trace_id,
            variant=seen.variant,
            model=seen.model,
            at_ns=seen.ended_ns,
        )


_ITEM: Final = re.compile(r"[a-z]+_([0-9a-f]{32})\d*")
"""The id of an item of a converted answer: it has in it the id of the call."""
_ITEMS: Final = msgspec.json.Decoder(list[msgspec.Raw])
_IDENTIFIED: Final = msgspec.json.Decoder(_Identified)


def unknown_answer(id: str) -> BadRequest:
    """In OpenAI's words."""
    return BadRequest(
        f"there is no answer {id!r} to go on from; send the conversation itself",
        param="previous_response_id",
        code="previous_response_not_found",
    )


def seen_of(kept: KeptResponse) -> Seen:
    """The call that gave the answer, as sessions know calls."""
    return Seen(kept.session, kept.run_id, kept.trace_id, kept.at_ns, kept.asked, kept.variant, kept.model)
