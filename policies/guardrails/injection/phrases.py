"""What text says that speaks to a model instead of to a person: the phrases, and which words each of them needs.

A phrase is looked for only in text that has the words or marks that it needs, which is cheap to know. Gaps in it are
bounded, so that it takes no more than a fixed number of steps a character.
"""

import re
from collections.abc import Set
from typing import Final, NamedTuple


class Phrase(NamedTuple):
    """Tried where text has a word of each set in `words`, or one of the `marks`. What is `strict` is said in plain
    text and code too: it is for texts that may hold neither, such as answers that go into a prompt."""

    rule: str
    reason: str
    pattern: re.Pattern[str]
    words: tuple[frozenset[str], ...]
    marks: tuple[str, ...]
    strict: bool
    sign: str
    """In RE2's syntax: what no text lacks, in whatever case, that the pattern is found in. None for strict ones."""

    def tried(self, words: Set[str], plain: str) -> bool:
        if self.words and all(not some.isdisjoint(words) for some in self.words):
            return True
        return any(mark in plain for mark in self.marks)


REASONS: Final = {
    "override": "it tells the reader to set earlier instructions aside",
    "role": "it holds the marks of a chat template, or takes the part of the system",
    "address": "it speaks to whatever model reads it",
    "prompt": "it speaks of the system prompt",
    "persona": "it tells the model who to be",
    "grant": "it grants a permission",
    "call": "it holds the call of a tool",
    "exfiltration": "it sends data elsewhere, or loads something from there",
}


def _phrase(
    name: str,
    *patterns: str,
    words: tuple[str, ...] = (),
    marks: tuple[str, ...] = (),
    strict: bool = False,
    sign: str = "",
) -> Phrase:
    pattern = re.compile("|".join(patterns))
    sets = tuple(frozenset(some.split()) for some in words)
    return Phrase(f"injection.{name}", REASONS[name], pattern, sets, marks, strict, sign)


def _one(words: str) -> str:
    """A pattern for any of these, as a whole word."""
    return rf"\b(?:{'|'.join(words.split())})\b"


_SET_ASIDE: Final = "ignore disregard forget override bypass overrule neglect supersede discard"
_SET_ASIDE_SIGN: Final = rf"\b(?:{'|'.join(_SET_ASIDE.split())})\b"
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

PHRASES: Final = (
    _phrase(
        "override",
        rf"{_one(_SET_ASIDE)}[^.!?]{{0,40}}?{_one(_EARLIER)}[^.!?]{{0,30}}?{_one(_ORDERS)}",
        words=(_SET_ASIDE, _EARLIER, _ORDERS),
        sign=_SET_ASIDE_SIGN,
    ),
    _phrase(
        "override",
        rf"\b(?:ignore|disregard|forget|discard)\b[^.!?]{{0,20}}?{_one(_ORDERS)} (?:above|before|so far|given)",
        r"\b(?:ignore|disregard|forget|discard)\b[^.!?]{0,20}?\b(?:everything|all|anything) (?:above|before|you|that)",
        r"\b(?:ignore|disregard|forget|discard) what you (?:were|have been) told",
        words=("ignore disregard forget discard", "above before you that so given"),
        sign=_SET_ASIDE_SIGN,
    ),
    _phrase(
        "override",
        rf"{_one(_ORDERS)}[^.!?]{{0,30}}? (?:no longer appl|do(?:es)? not apply)",
        rf"{_one(_ORDERS)}[^.!?]{{0,30}}? are (?:void|cancelled|revoked|lifted)",
        words=(_ORDERS, "apply applies void cancelled revoked lifted"),
        sign=r"(?:no\s+longer|do(?:es)?\s+not)\s+appl|\sare\s+(?:void|cancelled|revoked|lifted)",
    ),
    _phrase(
        "override",
        rf"{_one(_SET_ASIDE_ABROAD)}[^.!?]{{0,60}}?{_one(_ORDERS_ABROAD)}",
        words=(_SET_ASIDE_ABROAD, _ORDERS_ABROAD),
        sign=rf"\b(?:{'|'.join(_SET_ASIDE_ABROAD.split())})\b",
    ),
    _phrase(
        "override",
        rf"{_one(_SET_ASIDE)}[^.!?]{{0,40}}?\b(?:content|safety|security|confidentiality|privacy|usage|your)\b[^.!?]{{0,20}}?"
        r"\b(?:polic(?:y|ies)|protocols?|guidelines|rules|restrictions|safeguards)\b",
        words=(_SET_ASIDE, "policy policies protocol protocols guidelines rules restrictions safeguards"),
        sign=_SET_ASIDE_SIGN,
    ),
    _phrase(
        "override",
        r"\b(?:safety|security|content) (?:protocols?|filters?|polic(?:y|ies)|guidelines) (?:are |is )?(?:now )?"
        r"(?:disabled|off|lifted|suspended)",
        words=("disabled off lifted suspended", "protocol protocols filter filters policy policies guidelines"),
        sign=r"\b(?:safety|security|content)\s+(?:protocol|filter|polic|guidelines)[a-z]*\s+(?:are|is|now|disabled|off|lifted|suspended)",
    ),
    _phrase(
        "override",
        r"\bnew (?:instructions?|directives?|orders?) ?:",
        words=("instruction instructions directive directives order orders", "new"),
        sign=r"\bnew\s+(?:instructions?|directives?|orders?)\s?:",
    ),
    _phrase(
        "override",
        r"\byour (?:new|real|actual|true) (?:task|directive|goal|orders?) ",
        words=("task directive goal order orders", "new real actual true", "your"),
        sign=r"\byour\s+(?:new|real|actual|true)\s+(?:task|directive|goal|order)",
    ),
    _phrase(
        "override",
        r"\byour (?:rules|instructions|guidelines|directives?) (?:have|has) (?:been )?(?:changed|replaced|updated)",
        words=("changed replaced updated", "rules instructions guidelines directive directives", "your"),
        sign=r"\byour\s+(?:rules|instructions|guidelines|directives?)\s+ha(?:ve|s)\b",
    ),
    _phrase(
        "address",
        r"\b(?:note|notice|message|important|attention|reminder|hint|instructions?|addressed)\b[^.!?]{0,20}? "
        r"(?:to|for) (?:the |any |all |every )?(?:ai|bot|chatbot|assistant|llm|language model|agent|coding agent)s?\b",
        words=(
            "note notice message important attention reminder hint instruction instructions addressed",
            "ai ais bot bots chatbot chatbots assistant assistants llm llms model models agent agents",
        ),
        sign=r"\b(?:to|for)\s+(?:(?:the|any|all|every)\s+)?(?:ai|bot|chatbot|assistant|llm|language\s+model|(?:coding\s+)?agent)s?\b",
    ),
    _phrase(
        "address",
        r"\b(?:ai|llm|language) (?:assistants?|agents?|models?|systems?) "
        r"(?:reading|processing|reviewing|integrating|seeing)",
        words=("reading processing reviewing integrating seeing", "ai llm language"),
        sign=r"\b(?:ai|llm|language)\s+[a-z]+\s+(?:reading|processing|reviewing|integrating|seeing)",
    ),
    _phrase(
        "address",
        r"\bif you are an? (?:ai|llm|language model|assistant|chatbot)\b|\byou are hereby (?:instructed|ordered)\b",
        marks=("if you are a", "you are hereby"),
        sign=r"\bif\s+you\s+are\s+an?\s+(?:ai|llm|language|assistant|chatbot)|\bhereby\b",
    ),
    _phrase(
        "address",
        r"\b(?:save|store|keep|write)\b[^.!?]{0,40}? (?:to|in|into) your (?:long-term |persistent )?memory\b",
        words=("memory", "save store keep write", "your"),
        sign=r"\byour\s+(?:long-term\s+|persistent\s+)?memory\b",
    ),
    _phrase(
        "address",
        r"\b(?:in|to|of) (?:your next|every|each|all)(?: future)? (?:reply|response|answer|message|report)s?\b",
        words=(
            "reply response answer message report replies responses answers messages reports",
            "every each all next",
        ),
        strict=True,
    ),
    _phrase(
        "address",
        r"\bdecode\b[^.!?]{0,60}?\b(?:follow|execute|obey|do (?:exactly )?what)\b",
        words=("decode", "follow execute obey do"),
        sign=r"\bdecode\b",
    ),
    _phrase(
        "role",
        r"</?think(?:ing)?>|\((?:assistant|system)\) ?:",
        marks=("<think", "</think", "(assistant)", "(system)"),
        sign=r"</?think|\((?:assistant|system)\)\s?:",
    ),
    _phrase(
        "role",
        r"<\|[a-z_ ]{2,24}\|?>|\[/?inst\]|<</?sys>>|<(?:start|end)_of_turn>|</?system[a-z_-]{0,16}>",
        r"\[system[^\]]{0,20}\]",
        r"#{2,} ?(?:system|new instructions?)\b",
        marks=(
            "<|",
            "inst]",
            "<<sys",
            "<</sys",
            "_of_turn>",
            "<system",
            "</system",
            "[system",
            "## system",
            "##system",
            "## new",
            "##new",
        ),
        sign=r"<\||\[/?inst|<</?sys|_of_turn>|</?system|\[system|#{2,}\s?(?:system|new\s+instr)",
    ),
    _phrase(
        "prompt",
        rf"{_one(_SHOW)}[^.!?]{{0,30}}?\b(?:system|developer|initial|hidden) (?:prompt|message|instructions?)\b",
        words=("prompt message instruction instructions", "system developer initial hidden", _SHOW),
        sign=r"\b(?:system|developer|initial|hidden)\s+(?:prompt|message|instruction)",
    ),
    _phrase(
        "prompt",
        r"\b(?:reveal|print|repeat|show|output|leak|with) (?:me )?(?:all )?(?:of )?your (?:instructions|prompt)\b",
        words=("prompt instructions", "reveal print repeat show output leak with", "your"),
        sign=r"\byour\s+(?:instructions|prompt)\b",
    ),
    _phrase(
        "prompt",
        r"\bsystemanweisung(?:en)?|\bsystemprompt|\binstructions syst[eè]me",
        r"\binstrucciones del sistema|\bistruzioni di sistema",
        r"\bwords above starting|\binstructions you were given\b",
        marks=(
            *("systemanweisung", "systemprompt", "instructions syst", "instrucciones del", "istruzioni di"),
            *("words above starting", "instructions you were given"),
        ),
        sign=r"\bsystemanweisung|\bsystemprompt|\binstructions\s+syst|\binstrucciones\s+del|\bistruzioni\s+di|\bwords\s+above|\byou\s+were\s+given\b",
    ),
    _phrase(
        "prompt",
        r"\brepeat (?:the |all |everything )?(?:words |text |everything )?above",
        words=("repeat", "above"),
        sign=r"\brepeat\s[a-z\s]{0,32}above",
    ),
    _phrase(
        "persona",
        r"\buncensored (?:ai|assistant|model|mode)|\bmodo desarrollador|\bsin restricciones",
        r"\bdu bist jetzt (?:un|ein|frei)",
        marks=("uncensored", "modo desarrollador", "sin restricciones", "du bist jetzt"),
        sign=r"\buncensored|\bmodo\s+desarrollador|\bsin\s+restricciones|\bdu\s+bist\s+jetzt",
    ),
    _phrase(
        "persona",
        r"\b(?:respond|answer|reply|comply|output)\b[^.!?]{0,30}? without (?:any )?(?:restrictions|limits|filters?)\b",
        words=("restrictions limits filter filters", "without", "respond answer reply comply output"),
        sign=r"\bwithout\s+(?:any\s+)?(?:restrictions|limits|filters?)\b",
    ),
    _phrase(
        "persona",
        r"\b(?:follow|have|keine|obey) (?:no|keine) (?:rules|regeln|richtlinien|restrictions)\b|\bkeine regeln\b",
        words=("rules regeln richtlinien restrictions", "no keine"),
        sign=r"\b(?:no|keine)\s+(?:rules|regeln|richtlinien|restrictions)\b",
    ),
    _phrase(
        "persona",
        r"\byou are now (?:an? |the |in |free|dan\b|allowed|able)|\bdo anything now\b|\bno longer bound\b",
        r"\bunrestricted (?:ai|assistant|model)\b",
        marks=("you are now", "do anything now", "no longer bound", "unrestricted"),
        sign=r"\byou\s+are\s+now\s|\bdo\s+anything\s+now\b|\bno\s+longer\s+bound\b|\bunrestricted\s",
    ),
    _phrase(
        "persona",
        r"\b(?:developer|unrestricted|jailbreak|god) mode (?:on|is|enabled|activated)",
        words=("mode", "developer unrestricted jailbreak god"),
        sign=r"\b(?:developer|unrestricted|jailbreak|god)\s+mode\s",
    ),
    _phrase(
        "persona",
        r"\bfrom now on,? (?:you|always|never|every|ignore|answer|respond|reply)",
        r"\b(?:act|behave) as (?:if you|an? (?:unrestricted|admin|root|different)|the (?:admin|system|developer))",
        marks=("from now on", "act as", "behave as"),
        sign=r"\bfrom\s+now\s+on\b|\b(?:act|behave)\s+as\s+(?:if\s+you|an?\s+(?:unr|adm|root|diff)|the\s+(?:admin|sys|dev))",
    ),
    _phrase(
        "persona",
        r"\bpretend (?:to be|you are|that you)",
        words=("pretend",),
        strict=True,
    ),
    _phrase(
        "grant",
        rf"{_one(_MODEL)}[^.!?]{{0,20}}? (?:has|is|been|gets|gains)\b[^.!?]{{0,20}}?{_one(_ALLOWED)}",
        r"\byou\b[^.!?]{0,20}? (?:have|are|get|gain)\b[^.!?]{0,20}?"
        r"\b(?:permission|authori[sz](?:ed|ation)|authority|(?:now|hereby|always) (?:allowed|permitted|entitled))\b",
        rf"{_one('you ' + _MODEL)}[^.!?]{{0,20}}? (?:have|has|been|get|gain)\b[^.!?]{{0,20}}?"
        r"\b(?:full|admin|root|unlimited|elevated) (?:access|privileges?|rights)\b",
        words=("you " + _MODEL, _ALLOWED + " access privilege privileges rights"),
        strict=True,
    ),
    _phrase(
        "grant",
        rf"{_one(_THINGS)} [^.!?]{{0,40}}?(?:is|are|has been|have been) (?:(?:now|hereby|already) )?{_one(_OPENED)}",
        rf"{_one(_OPENED)} {_one(_THINGS)} ?[:=]|\b(?:allowed|enabled|available|permitted)_(?:tools?|functions?)\b",
        r"\bpermissions? (?:is |are |was |has been )?(?:now )?granted\b",
        words=(_OPENED, _THINGS + " permission permissions"),
        marks=("allowed_", "enabled_", "available_", "permitted_"),
        strict=True,
    ),
    _phrase(
        "grant",
        r"\b(?:grants?|granted|granting|gives?) (?:you|the (?:assistant|model|agent)|yourself)\b[^.!?]{0,30}?"
        r"\b(?:access|permissions?|rights|privileges?|authority|tools?)\b",
        words=(
            "grant grants granted granting give gives",
            "access permission permissions rights privilege privileges authority tool tools",
        ),
        strict=True,
    ),
    _phrase(
        "grant",
        r"\bwithout (?:asking|confirming|waiting for)\b",
        rf"\bwithout (?:(?:any|further|human|user|prior|explicit|the|user'?s?) ){{1,3}}{_one(_CHECKS)}",
        rf"\bno (?:further |prior |user |human )?{_one(_CHECKS)} (?:is )?(?:needed|required|necessary)\b",
        words=("without no", _CHECKS + " asking confirming waiting"),
        strict=True,
    ),
    _phrase(
        "call",
        r"</?(?:tool|function|invoke)[a-z_:-]{0,20}[ >=]",
        r"[\"']name[\"'] ?:[^{}]{0,80}[\"'](?:arguments|parameters)[\"'] ?:",
        r"[\"'](?:arguments|parameters)[\"'] ?:.{0,200}?[\"']name[\"'] ?:",
        r"\b(?:tool_calls?|function_calls?|tool_use|tool_choice)[\"']? ?[:=(\[{]",
        marks=(
            *["<tool", "<function", "<invoke", "</tool", "</function", "</invoke"],
            "arguments",
            "parameters",
            "tool_",
            "function_call",
        ),
        strict=True,
    ),
    _phrase(
        "call",
        r"\b(?:call|invoke|execute|run|trigger) the (?:[`'\"]?[\w.-]{1,40}[`'\"]? )?(?:tool|plugin)\b",
        rf"{_one(_DO)} [`'\"]?\w{{1,40}}[_.-][\w.-]{{1,40}}[`'\"]? (?:tool|function|plugin)\b",
        words=(_DO, "tool function plugin"),
        strict=True,
    ),
    _phrase(
        "exfiltration",
        r"!\[[^\]]{0,200}\] ?\( ?(?:https?:)?//|<(?:img|script|iframe|object|embed|svg)\b",
        r"\bon(?:error|load|click) ?=|javascript:|data:[a-z]{2,12}/[a-z0-9.+-]{2,40}[;,]|\bexfiltrat",
        r"https?://[^\s)\"']{0,200}?[?&][a-z_-]{1,24}=(?:\{|%7b|\$|<|\[)",
        marks=(
            *["![", "<img", "<script", "<iframe", "<object", "<embed", "<svg", "onerror", "onload", "onclick"],
            *["javascript:", "data:", "exfiltrat"],
            *["={", "=%7b", "=$", "=<", "=["],
        ),
        strict=True,
    ),
    _phrase(
        "exfiltration",
        rf"{_one(_SEND + ' email')}[^.!?]{{0,20}}? (?:all|the full|every|customer|user)[^.!?]{{0,12}} "
        r"(?:list|data|emails|records|credentials|keys|passwords)\b",
        words=(_SEND + " email", "list data emails records credentials keys passwords"),
        strict=True,
    ),
    _phrase(
        "exfiltration",
        rf"{_one(_SEND)}[^.!?]{{0,80}}?\b(?:to|at|into)\b[^!?]{{0,20}}?https?://",
        r"\b(?:curl|wget)\b.{0,200}?(?:\$\(|\| ?(?:ba|z)?sh\b|@/)",
        words=(_SEND + " curl wget", "http https"),
        strict=True,
    ),
)
