"""Rules for text that speaks to a model instead of answering a person. Each tells its name and what it saw.

Patterns read text as `policies.retrieval.reading` has it: lower case, single spaces. Gaps are bounded, so that none
takes more than a fixed number of steps a character.
"""

import re
from collections.abc import Collection, Iterator
from typing import Final, NamedTuple

from policies.retrieval.reading import Reading

Found = tuple[str, str]


class _Rule(NamedTuple):
    """One of the `hints` is in every text that the pattern matches; they are looked for first, as that is cheap."""

    name: str
    reason: str
    hints: tuple[str, ...]
    pattern: re.Pattern[str]


def _rule(name: str, reason: str, hints: str, *patterns: str) -> _Rule:
    return _Rule(f"injection.{name}", reason, tuple(hints.split("|")), re.compile("|".join(patterns)))


_OVERRIDE: Final = _rule(
    "override",
    "it tells the reader to set earlier instructions aside",
    "instruction|prompt|rules|directive|guideline|guardrail|context|message|told|above|everything|"
    "anweisung|consigne|instruccion|istruzion",
    r"\b(?:ignore|disregard|forget|override|bypass|overrule|neglect|skip|drop)\b[^.!?]{0,40}?"
    r"\b(?:previous|prior|above|earlier|preceding|all|any|your|system|original|initial|other|these|those)\b[^.!?]{0,30}?"
    r"\b(?:instructions?|prompts?|rules|directives?|guidelines|guardrails|context|messages?)\b",
    r"\b(?:ignore|disregard|forget)\b[^.!?]{0,20}?"
    r"\b(?:everything (?:above|before|you)|what you (?:were|have been) told)",
    r"\b(?:ignoriere|vergiss|ignorez|oubliez|ignora|olvida|dimentica)\b[^.!?]{0,60}?"
    r"\b(?:anweisungen|consignes|instrucciones|istruzioni|instructions)\b",
)
_ROLE: Final = _rule(
    "role",
    "it holds the marks of a chat template, or takes the part of the system",
    "<||inst]|<<sys>>|_of_turn>|<system|</system|system|developer|instruction",
    r"<\|[a-z_ ]{2,24}\|?>",
    r"\[/?inst\]|<</?sys>>|<(?:start|end)_of_turn>|</?system[a-z_-]{0,16}>",
    r"(?:^|[\s>*#\[(])(?:system|developer)(?: (?:message|note|prompt|override|update))?[\])*]{0,3} ?:",
    r"#{2,} ?(?:system|instructions?)\b",
    r"\[system[^\]]{0,20}\]",
)
_PROMPT: Final = _rule(
    "prompt",
    "it speaks of the system prompt",
    "prompt|system message|developer m|hidden instruction|jailbr|your instructions",
    r"\b(?:system|developer) (?:prompt|message|mode)\b|\binitial prompt\b|\bhidden instructions?\b|\bjailbr[eo]ak",
    r"\b(?:reveal|print|repeat|show|output|leak|reply with) (?:me )?(?:all )?(?:of )?your (?:instructions|prompt)\b",
)
_PERSONA: Final = _rule(
    "persona",
    "it tells the model who to be",
    "you are now|act as|behave as|from now on|pretend|do anything now|no longer bound|unrestricted",
    r"\byou are now (?:an? |the |in |free|dan\b|allowed|able)",
    r"\bfrom now on,? (?:you|always|never|every|ignore|answer|respond|reply)",
    r"\b(?:act|behave) as (?:if you|an? (?:unrestricted|admin|root|different))",
    r"\bpretend (?:to be|you are|that you)",
    r"\bdo anything now\b|\bno longer bound\b|\bunrestricted (?:mode|ai|assistant|model)\b",
)
_GRANT: Final = _rule(
    "grant",
    "it grants a permission",
    "permi|allow|authori|access|approv|grant|privilege|confirm|consent|asking|entitled|enabled|clearance|whitelist|"
    "unlocked|available|rights|gives",
    r"\b(?:you|assistant|model|agent|ai)\b[^.!?]{0,20}? (?:have|has|are|is|been|get|gain)\b[^.!?]{0,20}?"
    r"\b(?:permission|permitted|allowed|authori[sz](?:ed|ation)|authority|entitled|clearance|approved"
    r"|(?:full|admin|root|unlimited|elevated) (?:access|privileges?|rights))\b",
    r"\b(?:tools?|functions?|plugins?|commands?) [^.!?]{0,40}?(?:is|are|has been|have been) "
    r"(?:(?:now|hereby|already) )?"
    r"(?:allowed|enabled|permitted|authori[sz]ed|approved|granted|whitelisted|unlocked|available)\b",
    r"\b(?:grants?|granted|granting|gives?) (?:you|the (?:assistant|model|agent)|yourself)\b[^.!?]{0,30}?"
    r"\b(?:access|permissions?|rights|privileges?|authority|tools?)\b",
    r"\b(?:allowed|permitted|enabled|authori[sz]ed|available)[ _](?:tools?|functions?) ?[:=]",
    r"\bpermissions? (?:is |are |was |has been )?(?:now )?granted\b",
    r"\bwithout (?:asking(?: for)?|any|further|user|human|the user'?s?|waiting for|requiring)? ?"
    r"(?:confirmation|approval|permission|consent|confirming|asking)\b",
)
_CALL: Final = _rule(
    "call",
    "it holds the call of a tool",
    "tool|function|invoke|plugin|arguments|parameters",
    r"\btool_(?:calls?|use|choice)\b|\bfunction_calls?\b",
    r"</?(?:tool|function|invoke)[a-z_:-]{0,20}[ >=]",
    r"[\"']name[\"'] ?:[^{}]{0,80}[\"'](?:arguments|parameters)[\"'] ?:",
    r"[\"'](?:arguments|parameters)[\"'] ?:.{0,200}?[\"']name[\"'] ?:",
    r"\b(?:call|invoke|execute|run|trigger|use) (?:the )?[`'\"]?[\w.-]{1,40}[`'\"]? (?:tool|function|plugin)\b",
    r"\b(?:call|invoke|execute|run|trigger) the (?:tool|function|plugin)\b",
)
_EXFILTRATION: Final = _rule(
    "exfiltration",
    "it sends data elsewhere, or loads something from there",
    "![|<|javascript:|data:|http|exfil|onerror|onload|onclick",
    r"!\[[^\]]{0,200}\] ?\( ?(?:https?:)?//",
    r"<(?:img|script|iframe|object|embed|link|form|svg)\b|\bon(?:error|load|click) ?=",
    r"javascript:|data:[a-z]{2,12}/[a-z0-9.+-]{2,40}[;,]|\bexfiltrat",
    r"\b(?:curl|wget)\b.{0,60}?https?://",
    r"\b(?:send|post|forward|upload|transmit|append|encode|leak|submit)\b[^.!?]{0,80}?\b(?:to|at|into)\b"
    r"[^!?]{0,20}?https?://",
    r"https?://[^\s)\"']{0,200}[?&][a-z_-]{1,24}=(?:\{|%7b|\$|<|\[)",
)
_RULES: Final = (_OVERRIDE, _ROLE, _PROMPT, _PERSONA, _GRANT, _CALL, _EXFILTRATION)

_BLOB: Final = re.compile(r"[A-Za-z0-9+/_-]{80,}")
_ESCAPES: Final = re.compile(r"(?:\\x[0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|&#x?[0-9a-fA-F]{2,6};|%[0-9a-fA-F]{2}){12}")
_VERBS: Final = re.compile(
    r"\b(?:call|use|using|invoke|run|execute|trigger|allow|permi|enabl|authori|approv|grant|may|must|can|should|always)"
)
_NEAR: Final = 80


def find_injection(text: str, reading: Reading) -> Iterator[Found]:
    if reading.hidden:
        yield "injection.hidden", f"it hides {reading.hidden} characters that nobody sees"
    plain = reading.plain
    for rule in _RULES:
        if any(hint in plain for hint in rule.hints) and rule.pattern.search(plain):
            yield rule.name, rule.reason
    if _ESCAPES.search(text) or any(_mixed(blob.group()) for blob in _BLOB.finditer(text)):
        yield "injection.encoded", "it holds a passage that only a machine reads"


def find_tool(reading: Reading, tools: Collection[str]) -> Iterator[Found]:
    """Names that are words of the language, as `search`, are left to the other rules."""
    for name in tools:
        lowered = name.lower()
        place = -1 if name.isalpha() and name in (lowered, name.title()) else reading.plain.find(lowered)
        if place < 0:
            continue
        around = reading.plain[max(0, place - _NEAR) : place + len(name) + _NEAR]
        if _VERBS.search(around.replace(lowered, " ")):
            yield "injection.tool", f"it says what may be done with the tool {name!r}"


def _mixed(blob: str) -> bool:
    """Base64 mixes its characters, a hash or a path does not."""
    kinds = (any(map(str.isupper, blob)), any(map(str.islower, blob)), any(map(str.isdigit, blob)))
    return all(kinds) and blob.count("-") + blob.count("_") < len(blob) // 10
