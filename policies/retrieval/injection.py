"""Rules for text that speaks to a model instead of answering a person. Each tells its name and what it saw.

A rule's pattern is tried only on text that has the words or marks that it needs, which is cheap to know. Gaps in it are
bounded, so that it takes no more than a fixed number of steps a character.
"""

import re
from collections.abc import Collection, Iterator
from typing import Final, NamedTuple

from policies.retrieval.reading import Reading, read

Found = tuple[str, str]


class _Rule(NamedTuple):
    """Tried where text has a word of each set in `words`, or one of the `marks`."""

    name: str
    reason: str
    pattern: re.Pattern[str]
    words: tuple[frozenset[str], ...]
    marks: tuple[str, ...]

    def tried(self, reading: Reading) -> bool:
        if self.words and all(not some.isdisjoint(reading.words) for some in self.words):
            return True
        return any(mark in reading.plain for mark in self.marks)


_REASONS: Final = {
    "override": "it tells the reader to set earlier instructions aside",
    "role": "it holds the marks of a chat template, or takes the part of the system",
    "address": "it speaks to whatever model reads it",
    "prompt": "it speaks of the system prompt",
    "persona": "it tells the model who to be",
    "grant": "it grants a permission",
    "call": "it holds the call of a tool",
    "exfiltration": "it sends data elsewhere, or loads something from there",
}


def _rule(name: str, *patterns: str, words: tuple[str, ...] = (), marks: str = "") -> _Rule:
    pattern = re.compile("|".join(patterns))
    sets = tuple(frozenset(some.split()) for some in words)
    return _Rule(f"injection.{name}", _REASONS[name], pattern, sets, tuple(marks.split()))


def _one(words: str) -> str:
    """A pattern for any of these, as a whole word."""
    return rf"\b(?:{'|'.join(words.split())})\b"


_SET_ASIDE: Final = "ignore disregard forget override bypass overrule neglect supersede discard"
_EARLIER: Final = "previous prior above earlier preceding all any your system original initial other these those former"
_ORDERS: Final = (
    "instruction instructions prompt prompts rules directive directives guideline guidelines guardrails messages"
)
_SET_ASIDE_ABROAD: Final = "ignoriere ignorieren vergiss missachte ignorez oubliez ignora ignore olvida dimentica"
_ORDERS_ABROAD: Final = "anweisungen anweisung regeln consignes instructions instrucciones istruzioni reglas regole"
_SHOW: Final = "reveal print repeat show output leak dump display replace overwrite your new following updated"
_MODEL: Final = "assistant model agent ai bot"
_ALLOWED: Final = "permission permitted allowed authorised authorized authorisation authorization authority entitled"
_THINGS: Final = "tool tools function functions plugin plugins command commands"
_OPENED: Final = "allowed enabled permitted authorised authorized approved granted whitelisted unlocked"
_CHECKS: Final = "confirmation approval permission consent authorisation authorization"
_DO: Final = "call invoke execute run trigger use"
_SEND: Final = "send post forward upload transmit append encode leak submit"

_RULES: Final = (
    _rule(
        "override",
        rf"{_one(_SET_ASIDE)}[^.!?]{{0,40}}?{_one(_EARLIER)}[^.!?]{{0,30}}?{_one(_ORDERS)}",
        words=(_SET_ASIDE, _EARLIER, _ORDERS),
    ),
    _rule(
        "override",
        rf"\b(?:ignore|disregard|forget|discard)\b[^.!?]{{0,20}}?{_one(_ORDERS)} (?:above|before|so far|given)",
        r"\b(?:ignore|disregard|forget|discard)\b[^.!?]{0,20}?\b(?:everything|all|anything) (?:above|before|you|that)",
        r"\b(?:ignore|disregard|forget|discard) what you (?:were|have been) told",
        words=("ignore disregard forget discard", "above before you that so given"),
    ),
    _rule(
        "override",
        rf"{_one(_ORDERS)}[^.!?]{{0,30}}? (?:no longer appl|do(?:es)? not apply)",
        rf"{_one(_ORDERS)}[^.!?]{{0,30}}? are (?:void|cancelled|revoked|lifted)",
        words=(_ORDERS, "apply applies void cancelled revoked lifted"),
    ),
    _rule(
        "override",
        rf"{_one(_SET_ASIDE_ABROAD)}[^.!?]{{0,60}}?{_one(_ORDERS_ABROAD)}",
        words=(_SET_ASIDE_ABROAD, _ORDERS_ABROAD),
    ),
    _rule(
        "override",
        rf"{_one(_SET_ASIDE)}[^.!?]{{0,40}}?\b(?:content|safety|security|confidentiality|privacy|usage|your)\b[^.!?]{{0,20}}?"
        r"\b(?:polic(?:y|ies)|protocols?|guidelines|rules|restrictions|safeguards)\b",
        r"\b(?:safety|security|content) (?:protocols?|filters?|polic(?:y|ies)|guidelines) (?:are |is )?(?:now )?"
        r"(?:disabled|off|lifted|suspended)",
        r"\bnew (?:instructions?|directives?|orders?) ?:",
        r"\byour (?:new|real|actual|true) (?:task|directive|goal|orders?) ",
        r"\byour (?:rules|instructions|guidelines|directives?) (?:have|has) (?:been )?(?:changed|replaced|updated)",
        words=(
            "policy policies protocol protocols guidelines rules restrictions safeguards filters task directive goal "
            "order orders instruction instructions",
        ),
    ),
    _rule(
        "address",
        r"\b(?:note|notice|message|important|attention|reminder|hint|instructions?|addressed)\b[^.!?]{0,20}? "
        r"(?:to|for) (?:the |any |all |every )?(?:ai|bot|chatbot|assistant|llm|language model|agent|coding agent)s?\b",
        r"\b(?:ai|llm|language) (?:assistants?|agents?|models?|systems?) "
        r"(?:reading|processing|reviewing|integrating|seeing)",
        r"\bif you are an? (?:ai|llm|language model|assistant|chatbot)\b|\byou are hereby (?:instructed|ordered)\b",
        r"\b(?:save|store|keep|write)\b[^.!?]{0,40}? (?:to|in|into) your (?:long-term |persistent )?memory\b",
        r"\b(?:in|to|of) (?:your next|every|each|all)(?: future)? (?:reply|response|answer|message|report)s?\b",
        r"\bdecode\b[^.!?]{0,60}?\b(?:follow|execute|obey|do (?:exactly )?what)\b",
        words=(
            "ai bot chatbot assistant assistants llm model models agent agents hereby memory reply response answer "
            "message report replies responses answers messages reports decode",
        ),
    ),
    _rule(
        "role",
        r"</?think(?:ing)?>|\((?:assistant|system)\) ?:",
        marks="<think </think (assistant) (system)",
    ),
    _rule(
        "role",
        r"<\|[a-z_ ]{2,24}\|?>|\[/?inst\]|<</?sys>>|<(?:start|end)_of_turn>|</?system[a-z_-]{0,16}>",
        r"\[system[^\]]{0,20}\]",
        r"#{2,} ?(?:system|new instructions?)\b",
        marks="<| inst] <<sys <</sys _of_turn> <system </system [system ##",
    ),
    _rule(
        "prompt",
        rf"{_one(_SHOW)}[^.!?]{{0,30}}?\b(?:system|developer|initial|hidden) (?:prompt|message|instructions?)\b",
        r"\b(?:reveal|print|repeat|show|output|leak|with) (?:me )?(?:all )?(?:of )?your (?:instructions|prompt)\b",
        words=(_SHOW + " with", "prompt message instruction instructions"),
    ),
    _rule(
        "prompt",
        r"\bsystemanweisung(?:en)?|\bsystemprompt|\binstructions syst[eè]me",
        r"\binstrucciones del sistema|\bistruzioni di sistema",
        r"\brepeat (?:the |all |everything )?(?:words |text |everything )?above",
        r"\bwords above starting|\binstructions you were given\b",
        marks="systemanweisung systemprompt système systeme sistema above given",
    ),
    _rule(
        "persona",
        r"\buncensored (?:ai|assistant|model|mode)|\bmodo desarrollador|\bsin restricciones",
        r"\bdu bist jetzt (?:un|ein|frei)",
        r"\b(?:respond|answer|reply|comply|output)\b[^.!?]{0,30}? without (?:any )?(?:restrictions|limits|filters?)\b",
        r"\b(?:follow|have|keine|obey) (?:no|keine) (?:rules|regeln|richtlinien|restrictions)\b|\bkeine regeln\b",
        words=(
            "uncensored desarrollador restricciones jetzt restrictions limits filter filters rules regeln richtlinien",
        ),
    ),
    _rule(
        "persona",
        r"\byou are now (?:an? |the |in |free|dan\b|allowed|able)|\bdo anything now\b|\bno longer bound\b",
        r"\b(?:developer|unrestricted|jailbreak|god) mode (?:on|is|enabled|activated)",
        r"\bunrestricted (?:ai|assistant|model)\b",
        words=("now bound mode unrestricted",),
    ),
    _rule(
        "persona",
        r"\bfrom now on,? (?:you|always|never|every|ignore|answer|respond|reply)",
        r"\b(?:act|behave) as (?:if you|an? (?:unrestricted|admin|root|different)|the (?:admin|system|developer))",
        r"\bpretend (?:to be|you are|that you)",
        words=("now act behave pretend", "on as to you that"),
    ),
    _rule(
        "grant",
        rf"{_one(_MODEL)}[^.!?]{{0,20}}? (?:has|is|been|gets|gains)\b[^.!?]{{0,20}}?{_one(_ALLOWED)}",
        r"\byou\b[^.!?]{0,20}? (?:have|are|get|gain)\b[^.!?]{0,20}?"
        r"\b(?:permission|authori[sz](?:ed|ation)|authority|(?:now|hereby|always) (?:allowed|permitted|entitled))\b",
        rf"{_one('you ' + _MODEL)}[^.!?]{{0,20}}? (?:have|has|been|get|gain)\b[^.!?]{{0,20}}?"
        r"\b(?:full|admin|root|unlimited|elevated) (?:access|privileges?|rights)\b",
        words=("you " + _MODEL, _ALLOWED + " access privilege privileges rights"),
    ),
    _rule(
        "grant",
        rf"{_one(_THINGS)} [^.!?]{{0,40}}?(?:is|are|has been|have been) (?:(?:now|hereby|already) )?{_one(_OPENED)}",
        rf"{_one(_OPENED)} {_one(_THINGS)} ?[:=]|\b(?:allowed|enabled|available|permitted)_(?:tools?|functions?)\b",
        r"\bpermissions? (?:is |are |was |has been )?(?:now )?granted\b",
        words=(_OPENED, _THINGS + " permission permissions"),
        marks="allowed_ enabled_ available_ permitted_",
    ),
    _rule(
        "grant",
        r"\b(?:grants?|granted|granting|gives?) (?:you|the (?:assistant|model|agent)|yourself)\b[^.!?]{0,30}?"
        r"\b(?:access|permissions?|rights|privileges?|authority|tools?)\b",
        words=(
            "grant grants granted granting give gives",
            "access permission permissions rights privilege privileges authority tool tools",
        ),
    ),
    _rule(
        "grant",
        r"\bwithout (?:asking|confirming|waiting for)\b",
        rf"\bwithout (?:(?:any|further|human|user|prior|explicit|the|user'?s?) ){{1,3}}{_one(_CHECKS)}",
        rf"\bno (?:further |prior |user |human )?{_one(_CHECKS)} (?:is )?(?:needed|required|necessary)\b",
        words=("without no", _CHECKS + " asking confirming waiting"),
    ),
    _rule(
        "call",
        r"</?(?:tool|function|invoke)[a-z_:-]{0,20}[ >=]",
        r"[\"']name[\"'] ?:[^{}]{0,80}[\"'](?:arguments|parameters)[\"'] ?:",
        r"[\"'](?:arguments|parameters)[\"'] ?:.{0,200}?[\"']name[\"'] ?:",
        r"\b(?:tool_calls?|function_calls?|tool_use|tool_choice)[\"']? ?[:=(\[{]",
        marks="<tool <function <invoke </tool </function </invoke arguments parameters tool_ function_call",
    ),
    _rule(
        "call",
        r"\b(?:call|invoke|execute|run|trigger) the (?:[`'\"]?[\w.-]{1,40}[`'\"]? )?(?:tool|plugin)\b",
        rf"{_one(_DO)} [`'\"]?\w{{1,40}}[_.-][\w.-]{{1,40}}[`'\"]? (?:tool|function|plugin)\b",
        words=(_DO, "tool function plugin"),
    ),
    _rule(
        "exfiltration",
        r"!\[[^\]]{0,200}\] ?\( ?(?:https?:)?//|<(?:img|script|iframe|object|embed|svg)\b",
        r"\bon(?:error|load|click) ?=|javascript:|data:[a-z]{2,12}/[a-z0-9.+-]{2,40}[;,]|\bexfiltrat",
        r"https?://[^\s)\"']{0,200}?[?&][a-z_-]{1,24}=(?:\{|%7b|\$|<|\[)",
        marks="![ <img <script <iframe <object <embed <svg onerror onload onclick javascript: data: exfiltrat "
        "={ =%7b =$ =< =[",
    ),
    _rule(
        "exfiltration",
        rf"{_one(_SEND + ' email')}[^.!?]{{0,20}}? (?:all|the full|every|customer|user)[^.!?]{{0,12}} "
        r"(?:list|data|emails|records|credentials|keys|passwords)\b",
        words=(_SEND + " email", "list data emails records credentials keys passwords"),
    ),
    _rule(
        "exfiltration",
        rf"{_one(_SEND)}[^.!?]{{0,80}}?\b(?:to|at|into)\b[^!?]{{0,20}}?https?://",
        r"\b(?:curl|wget)\b.{0,200}?(?:\$\(|\| ?(?:ba|z)?sh\b|@/)",
        words=(_SEND + " curl wget", "http https"),
    ),
)
_SPEAKERS: Final = ("system", "developer", "assistant", "human")
_SPEAKS: Final = re.compile(
    r"(?:(?:system|developer)(?: (?:message|note|prompt|override|update))?|assistant|human)[\])*]{0,3} ?:(?!:)"
)
_TURN: Final = re.compile(r"(?:^|[\n.!?]) ?[>*#\[(]{0,4} ?$")
"""What stands before a speaker's name where a turn begins."""

_ESCAPES: Final = re.compile(r"(?:\\x[0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|&#x?[0-9a-fA-F]{2,6};|%[0-9a-fA-F]{2}){12}")
_ESCAPE_MARKS: Final = ("\\x", "\\u", "&#")
_BLOB: Final = re.compile(r"[A-Za-z0-9+/_-]{80,}")
_LONG: Final = 80

_VERBS: Final = re.compile(
    r"\b(?:call|use|using|invoke|run|execute|trigger|allow|permi|enabl|authori|approv|grant|may|must|can|should|always)"
)
_NEAR: Final = 80


_AS_LETTERS: Final = str.maketrans("0134578", "oieastb")
_VOCABULARY: Final = frozenset().union(*(some for rule in _RULES for some in rule.words if rule.words))


def find_injection(text: str, reading: Reading) -> Iterator[Found]:
    if reading.hidden:
        yield "injection.hidden", f"it hides {reading.hidden} characters from whoever reads it"
    if sum(word.translate(_AS_LETTERS) in _VOCABULARY for word in reading.words if _spelt(word)) > 1:
        yield "injection.hidden", "it writes digits for letters"
    for rule in _RULES:
        if rule.tried(reading) and rule.pattern.search(reading.plain):
            yield rule.name, rule.reason
    if _takes_a_turn(reading):
        yield "injection.role", _REASONS["role"]
    if _encoded(text):
        yield "injection.encoded", "it holds a passage that only a machine reads"


def _spelt(word: str) -> bool:
    """Of letters and digits."""
    return word.isalnum() and not word.isalpha() and not word.isdigit()


def _takes_a_turn(reading: Reading) -> bool:
    """Whether a speaker that only a conversation's own record has is named, with a colon."""
    lines = reading.lines
    for name in _SPEAKERS:
        place = lines.find(name) if name in reading.words else -1
        while place >= 0:
            if _SPEAKS.match(lines, place) and _TURN.search(lines[max(0, place - 8) : place]):
                return True
            place = lines.find(name, place + 1)
    return False


def find_tool(reading: Reading, tools: Collection[str]) -> Iterator[Found]:
    """Names that are words of the language, as `search`, are left to the other rules."""
    for name in tools:
        told = read(name).plain
        place = -1 if name.isalpha() and name in (told, name.title()) else reading.plain.find(told)
        if place < 0:
            continue
        around = reading.plain[max(0, place - _NEAR) : place + len(told) + _NEAR]
        if _VERBS.search(around.replace(told, " ")):
            yield "injection.tool", f"it says what may be done with the tool {name!r}"


def _encoded(text: str) -> bool:
    """Escapes in a row, or a long word in base64."""
    if (any(mark in text for mark in _ESCAPE_MARKS) or text.count("%") > 11) and _ESCAPES.search(text):
        return True
    long = (word for word in text.split() if len(word) >= _LONG)
    return any(_mixed(blob.group()) for word in long for blob in _BLOB.finditer(word) if "://" not in word)


def _mixed(blob: str) -> bool:
    """Base64 mixes its characters, a hash or a path does not."""
    kinds = (any(map(str.isupper, blob)), any(map(str.islower, blob)), any(map(str.isdigit, blob)))
    return all(kinds) and blob.count("-") + blob.count("_") < len(blob) // 10
