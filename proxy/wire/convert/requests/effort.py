"""How much a model is to think, in levels, as OpenAI's APIs take it."""

from proxy.wire.convert.conversation import Conversation, Effort
from proxy.wire.convert.requests import models
from proxy.wire.convert.requests.losses import Losses


def write_level(talk: Conversation, effort: Effort, losses: Losses, *, open_models: bool) -> str | None:
    path = talk.called("effort")
    level = effort.level
    if effort.budget is not None:
        losses.note(f"{path}.budget_tokens", "the upstream's API has levels of effort and no budget")
        level = level or models.level_of(effort.budget)
    if level is None:
        return None
    fitting = models.fitting_level(level, talk.model, open_models=open_models)
    if fitting is None:
        losses.note(path, "the model does not reason")
    elif fitting != level:
        losses.note(path, f"the model has no level {level[:64]!r}; {fitting} is the nearest")
    return fitting
