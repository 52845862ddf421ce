"""What an owner says of the guardrails of an agent, as it stands in the YAML."""

from importlib.util import find_spec
from typing import Annotated, Final, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from middleware.protocol import Settings
from policies.guardrails.packs import PACKS
from policies.guardrails.rule import INPUT, OUTPUT, Action, Mode, Place, Rule

INJECTION: Final = "injection"
"""The check for text that speaks to the model: rules, then a classifier, then the judge."""

PRESIDIO: Final = "presidio"
"""Presidio's pattern recognisers, which come with an extra."""

OnError = Literal["open", "closed"]


class RuleSettings(Settings):
    """With `patterns`, `words` or a question to the `judge`, a rule of the owner's own; else what is to be different of
    a built-in rule, or of a pack of them."""

    patterns: tuple[str, ...] = ()
    """What breaks it, in RE2's syntax: no look-around, no back-references, and repeats have a bound."""

    words: tuple[str, ...] = ()
    """Words and phrases that break it, in any case."""

    rest: str = ""
    """A class of characters, such as `[A-Za-z0-9]`, that what a pattern found goes on through, however far."""

    check: str = ""
    """A test that what was found has to pass: `luhn`, `iban`, `entropy`, …"""

    judge: str = ""
    """A question about the text for the judge, such as `Does it give medical advice?`; yes breaks the rule."""

    allow: tuple[str, ...] = ()
    """Texts that are let pass."""

    reason: str = ""
    """What a person reads of it; never the words that were found."""

    replacement: str = ""
    """What a match is replaced by, where it is rewritten."""

    places: tuple[Place, ...] | None = None
    """Where it looks: `system`, `user`, `tool_result`, `history`, `answer`, `tool_arguments`."""

    action: Action | None = None
    """What follows: `flag`, `escalate`, `rewrite`, `block`."""

    mode: Mode | None = None
    """`shadow` puts on record what would follow, and changes nothing."""

    @property
    def own(self) -> bool:
        return bool(self.patterns or self.words or self.judge)


class JudgeSettings(Settings):
    """The model that is asked where the checks before it are unsure."""

    model: str
    """One of the configuration's models."""

    timeout: Annotated[float, Field(gt=0, le=60)] = 5.0
    """Seconds within which it has to answer."""

    on_error: OnError = "open"
    """When it does not: `open` goes on without its verdict, `closed` refuses the call."""

    @field_validator("model")
    @classmethod
    def _known(cls, name: str, info: ValidationInfo) -> str:
        models = (info.context or {}).get("models")
        if models is not None and name not in models:
            raise ValueError(f"there is no model {name!r}; there are {', '.join(sorted(models))}")
        return name


class ClassifierSettings(Settings):
    """The local classifier of injections. Its thresholds are probabilities; left out, those it was calibrated for."""

    enabled: bool = True

    sure: Annotated[float, Field(gt=0, lt=1)] | None = None
    """From here on, text counts as an injection."""

    unsure: Annotated[float, Field(gt=0, lt=1)] | None = None
    """From here on, the judge is asked, where there is one."""

    on_error: OnError = "open"
    """When it fails: `open` goes on without its verdict, `closed` refuses the call."""

    @model_validator(mode="after")
    def _in_order(self) -> "ClassifierSettings":
        if self.sure is not None and self.unsure is not None and self.unsure > self.sure:
            raise ValueError("unsure: is above sure; the judge is asked from `unsure` up to `sure`")
        return self


class PresidioSettings(Settings):
    """Presidio's pattern recognisers, where `input` or `output` names `presidio`. They look at requests and at whole
    answers; a streamed answer they look at when it has ended, so there they only put on record what they find."""

    entities: tuple[str, ...] = (
        "CREDIT_CARD",
        "CRYPTO",
        "EMAIL_ADDRESS",
        "IBAN_CODE",
        "IP_ADDRESS",
        "MEDICAL_LICENSE",
        "PHONE_NUMBER",
        "UK_NHS",
        "US_ITIN",
        "US_SSN",
    )
    """What it looks for, by Presidio's names: what has a pattern that is sure enough without the words around it."""

    score: Annotated[float, Field(ge=0, le=1)] = 0.4
    """From here on it counts; Presidio gives a phone number 0.4."""

    timeout: Annotated[float, Field(gt=0, le=60)] = 1.0
    """Seconds that a text may take."""

    on_error: OnError = "open"
    """When it fails: `open` goes on without it, `closed` refuses the call or the whole answer."""


class GuardrailsSettings(Settings):
    input: tuple[str, ...] = (INJECTION,)
    """What requests are checked for: `injection`, packs of rules (`secrets`, `pii`), single rules (`pii.email`), and
    `presidio`."""

    output: tuple[str, ...] = ("secrets",)
    """What answers and the arguments of tool calls are checked for."""

    rules: dict[str, RuleSettings] = Field(default_factory=dict)
    """Rules of your own by name, and what is to be different of built-in ones: `{pii: {mode: shadow}}`."""

    mode: Mode = "enforce"
    """Of rules that do not say their own."""

    classifier: ClassifierSettings = ClassifierSettings()
    judge: JudgeSettings | None = None
    presidio: PresidioSettings = PresidioSettings()

    refusal: Annotated[str, Field(min_length=1)] = "I cannot help with that."
    """What the client reads in place of what was blocked."""

    other_routes: Literal["refuse", "allow"] = "refuse"
    """What becomes of calls on routes whose content the rules cannot read, such as files and audio."""

    @model_validator(mode="after")
    def _names(self) -> "GuardrailsSettings":
        known = {INJECTION, PRESIDIO, *PACKS, *(rule.id for pack in PACKS.values() for rule in pack)}
        known |= {f"{PRESIDIO}.{entity}" for entity in self.presidio.entities}
        for side in ("input", "output"):
            for name in getattr(self, side):
                if name not in known:
                    raise ValueError(f"{side}: there is no rule or pack {name!r}; {_nearest(name, known)}")
        for name, rule in self.rules.items():
            if rule.own and name in known:
                raise ValueError(f"rules: {name!r} is built in; give your own rule another name")
            if not rule.own and name not in known:
                raise ValueError(
                    f"rules: {name!r} is not built in, so it needs patterns, words or a judge; {_nearest(name, known)}"
                )
            if rule.judge and self.judge is None:
                raise ValueError(f"rules: {name!r} asks the judge; say which model that is: judge: {{model: NAME}}")
            if rule.judge and not set(INPUT).issuperset(rule.places or ()):
                raise ValueError(
                    f"rules: {name!r} asks the judge, which reads requests alone; give it places among"
                    f" {', '.join(INPUT)}, or patterns in a rule of their own"
                )
            if rule.patterns or rule.words:
                _compiled(name, rule)
            if not rule.own:
                self._does_something(name, rule)
        asked = any(name.partition(".")[0] == PRESIDIO for name in (*self.input, *self.output))
        if asked and find_spec("presidio_analyzer") is None:
            raise ValueError("`presidio` is not installed; install it with: pip install 'burnish[presidio]'")
        return self

    def _does_something(self, name: str, rule: RuleSettings) -> None:
        """What is said of a built-in rule that nobody looks for would read as a guard, and be none."""
        pack = name.partition(".")[0]
        inside = [f"{name}."] if pack == name else [pack, name]
        asked = (*self.input, *self.output)
        if name not in asked and not any(each in inside or each.startswith(inside[0]) for each in asked):
            raise ValueError(f"rules: nobody looks for {name!r}; name it, or {pack!r}, in `input` or `output`")
        if rule.rest or rule.check:
            raise ValueError(f"rules: {name!r} is built in: its `rest` and `check` are its own")
        if pack == INJECTION:
            if rule.allow:
                raise ValueError("rules: injection knows no `allow`; give it other `places`, or the mode shadow")
            if not set(INPUT).issuperset(rule.places or ()):
                raise ValueError(f"rules: injection is looked for in requests; its places are among {', '.join(INPUT)}")


def rule_of(name: str, settings: RuleSettings) -> Rule:
    """A rule of the owner's own."""
    return Rule(
        id=name,
        reason=settings.reason or f"it breaks the rule {name!r}",
        patterns=settings.patterns,
        words=settings.words,
        rest=settings.rest,
        check=settings.check,
        allow=settings.allow,
        replacement=settings.replacement or f"[{name}]",
    )


def places_of(name: str, settings: "GuardrailsSettings") -> tuple[Place, ...]:
    """Where a built-in rule or pack looks by its own."""
    looks = INPUT if name in settings.input else ()
    return (*looks, *(OUTPUT if name in settings.output else ()))


def _compiled(name: str, rule: RuleSettings) -> None:
    from policies.guardrails.matching import BadRule, Matcher

    try:
        Matcher([rule_of(name, rule)])
    except BadRule as bad:
        raise ValueError(f"rules: {bad}") from None


def _nearest(name: str, known: set[str]) -> str:
    import difflib

    close = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"there are {', '.join(sorted(PACKS))} and {INJECTION}"
