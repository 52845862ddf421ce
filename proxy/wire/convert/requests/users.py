"""Whom a call is for, as OpenAI's APIs take it."""

import hashlib
from typing import Final

from proxy.wire.convert.conversation import Conversation
from proxy.wire.convert.requests.losses import Losses

_LONGEST: Final = 64
"""Characters: https://platform.openai.com/docs/api-reference/responses/create#responses-create-safety_identifier."""


def fitting_user(talk: Conversation, losses: Losses) -> str:
    """The user, or a hash where the name is too long: it is told apart as well."""
    user = talk.user or ""
    if len(user) <= _LONGEST:
        return user
    losses.note(talk.called("user"), f"longer than {_LONGEST} characters; its hash is sent")
    return hashlib.blake2b(user.encode("utf-8", "surrogatepass"), digest_size=_LONGEST // 2).hexdigest()
