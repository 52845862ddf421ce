"""Rules over a request on its way up, text by text: what breaks one is replaced, or the call is refused.

An agent sends its conversation again with every call. What was found clean is not looked at again; what was refused
once, and is still in the conversation, is taken out of it: the model may not come to read it a call later.
"""

import asyncio
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Final

from middleware.exchange import Exchange
from middleware.guardrails.findings import Findings, Refused, between, merged
from middleware.guardrails.injection import Injections
from middleware.guardrails.judge import Judge, JudgeFailed
from middleware.guardrails.plan import Plan, Watch
from middleware.guardrails.presidio import Presidio
from middleware.messages import ChatRequest, Edit, Role
from policies.guardrails.guard import Guard
from policies.guardrails.json_strings import fitting
from policies.guardrails.rule import Place

_PLACES: Final[Mapping[Role, Place]] = {
    "system": "system",
    "user": "user",
    "tool": "tool_result",
    "assistant": "history",
}
_LONG: Final = 64 << 10
"""Characters that are looked at before other calls have a turn: some milliseconds of work."""
_AROUND: Final = 64
"""Characters on both sides of what was found from which its evidence is made."""
_REMEMBERED: Final = 10_000
"""Texts that are known to be clean, of all conversations."""


class Incoming:
    """Checks requests by one plan, and so knows what was clean by it."""

    def __init__(
        self,
        plan: Plan,
        *,
        hides: Watch,
        presidio: Presidio | None,
        injections: Injections | None,
        judge: Judge | None,
        judged: Sequence[tuple[str, Guard]],
    ) -> None:
        """`hides` finds what is not to be shown as evidence."""
        self._plan = plan
        self._hides = hides
        self._presidio = presidio
        self._injections = injections
        self._judge = judge
        self._judged = judged
        self._clean: OrderedDict[int, None] = OrderedDict()
        self._judgements: OrderedDict[int, bool] = OrderedDict()

    async def check(self, exchange: Exchange, findings: Findings) -> ChatRequest:
        """The request as the model may read it. Raises `Refused`."""
        request = exchange.request
        edits: dict[tuple[Role, str], Sequence[Edit]] = {}
        looked = 0
        for role, text, new in _texts(request):
            if not text:
                continue
            # A keyed hash of 64 bits: nobody can look for two texts that share it.
            key = hash((role, text))
            if key in self._clean:
                self._clean.move_to_end(key)
                continue
            looked += len(text)
            if looked > _LONG:
                looked = len(text)
                await asyncio.sleep(0)
            found, failures = _Found(_PLACES[role], text, new), findings.failures
            await self._look(exchange, found, findings)
            if found.blocked:
                raise Refused
            if found.edits:
                edits[role, text] = found.edits
            elif not found.any and findings.failures == failures:
                self._clean[key] = None
                if len(self._clean) > _REMEMBERED:
                    self._clean.popitem(last=False)
        return request.rewritten(lambda role, text: edits.get((role, text), ())) if edits else request

    async def _look(self, exchange: Exchange, found: "_Found", findings: Findings) -> None:
        for watch in (self._plan.changing, self._plan.looking):
            if matches := watch.find(found.place, found.text):
                guarded = [(watch.guard_of(match.rule, found.place), match.start, match.end) for match in matches]
                self._take(guarded, found, findings)
        if self._presidio is not None and (entities := await self._presidio.find(found.place, found.text, findings)):
            self._take(entities, found, findings)
        if self._injections is not None:
            guard = await self._injections.look(exchange, found.place, found.text, findings)
            if guard is not None:
                self._take_all(guard, found, findings)
        if self._judge is not None:
            for question, guard in self._judged:
                if found.place in guard.places and await self._says_yes(exchange, question, found.text, findings):
                    self._take_all(guard, found, findings)

    def _take(self, guarded: Sequence[tuple[Guard, int, int]], found: "_Found", findings: Findings) -> None:
        found.any = True
        hidden = self._hidden(found.text, *((start, end) for _, start, end in guarded))
        for guard, start, end in guarded:
            first, last = max(0, start - _AROUND), end + _AROUND
            findings.add(
                guard,
                found.place,
                before=found.text[first:start],
                found=found.text[start:end],
                after=found.text[end:last],
                hidden=between(hidden, first, last),
            )
            if guard.changes:
                words = guard.rule.replacement
                found.change(
                    guard, start, end, fitting(words, found.text, start) if found.place == "history" else words
                )

    def _take_all(self, guard: Guard, found: "_Found", findings: Findings) -> None:
        """The text as a whole breaks a rule."""
        findings.add(guard, found.place, found=found.text, hidden=self._hidden(found.text))
        found.any = True
        if guard.changes:
            found.change(guard, 0, len(found.text), guard.rule.replacement)

    def _hidden(self, text: str, *more: tuple[int, int]) -> list[tuple[int, int]]:
        return merged([*more, *((match.start, match.end) for match in self._hides.find("user", text))])

    async def _says_yes(self, exchange: Exchange, question: str, text: str, findings: Findings) -> bool:
        """The judge is not asked the same of the same text again: what it refused is in every later call."""
        assert self._judge is not None
        key = hash((question, text))
        if key in self._judgements:
            self._judgements.move_to_end(key)
            return self._judgements[key]
        try:
            yes = await self._judge.says_yes(exchange, question, text)
        except JudgeFailed as failed:
            findings.fail("judge", str(failed))
            if self._judge.on_error == "closed":
                findings.refuse()
                raise Refused from None
            return False
        self._judgements[key] = yes
        if len(self._judgements) > _REMEMBERED:
            self._judgements.popitem(last=False)
        return yes


class _Found:
    """What is to become of one text."""

    def __init__(self, place: Place, text: str, new: bool) -> None:
        self.place = place
        self.text = text
        self.new = new
        self.any = False
        self.blocked = False
        self.edits: list[Edit] = []

    def change(self, guard: Guard, start: int, end: int, instead: str) -> None:
        if guard.action == "block" and self.new:
            self.blocked = True
        elif guard.action == "block" or (start, end) == (0, len(self.text)):
            # An older text that was refused then, and is still there.
            self.edits = [Edit(0, len(self.text), guard.rule.replacement)]
        else:
            # Of two that overlap, the second has what the first left.
            self.edits += [Edit(first, last, instead) for first, last in self._left(start, end)]
            self.edits.sort(key=attrgetter("start"))

    def _left(self, start: int, end: int) -> list[tuple[int, int]]:
        left: list[tuple[int, int]] = []
        for edit in self.edits[bisect_right(self.edits, start, key=attrgetter("end")) :]:
            if edit.start >= end:
                break
            if edit.start > start:
                left.append((start, edit.start))
            start = edit.end
        return [*left, (start, end)] if start < end else left


def _texts(request: ChatRequest) -> list[tuple[Role, str, bool]]:
    """Each text, whose it is, and whether it is new in this call: it stands after the model's last answer."""
    texts: list[tuple[Role, str]] = []

    def seen(role: Role, text: str) -> Sequence[Edit]:
        texts.append((role, text))
        return ()

    request.rewritten(seen)
    last = max((place for place, (role, _) in enumerate(texts) if role == "assistant"), default=-1)
    return [(role, text, place > last) for place, (role, text) in enumerate(texts)]
