"""Texts that make expressions slow: the classics of ReDoS, and near misses of every pattern of the rules themselves."""

from collections.abc import Iterator
from random import Random
from string import ascii_letters, digits, printable

from policies.guardrails.programs import Program
from policies.guardrails.rule import Rule
from policies.guardrails.syntax import Char, Choice, Edge, Node, Repeat, parse

_CLASSICS = (
    "a", "A", "0", "1", " ", "\t", "\n", ".", "-", "_", "@", ":", "/", "=", '"', "\\", "%", "\u00e9", "a ", "a.", "a-",
    "a@", "a@a.", "a.a@", "1 ", "1-", "1.", "1:", "a:", "0x", "ab12", "aA1", "a1 ", "a1-", "http://", "://a:", "://a:a@",
    "a=", "key=", "token: ", "password: ", "secret secret ", "4111 ", "4111-", "4111 1111 1111 ", "+1 ", "(1) ", "::",
    "1::", "a::", "eyJ", "eyJ.", "sk-", "sk_live_", "AKIA", "-----BEGIN ", "-----BEGIN PRIVATE KEY-----",
    "x" * 30 + "!", "a@" + "a" * 62 + ".", "DE89 ", "aaaaaaaaaaaaaaaaaaaa@", "born on ", "passport number ",
    "call me at ",
)  # fmt: skip

_BY_CHANCE = {
    "base64": ascii_letters + digits + "+/", "digits": digits, "numbers": digits + " -.", "dotted": "ab.@ ",
    "printable": printable,
}  # fmt: skip


def evil(rules: tuple[Rule, ...], size: int, seed: int = 1) -> Iterator[tuple[str, str]]:
    """What each is, and as many characters of it."""
    random = Random(seed)
    repeated = {repr(told): told for told in _CLASSICS}
    for rule in rules:
        for place, pattern in enumerate(rule.patterns):
            told = "".join(_sample(parse(pattern).node, random))
            near = {"": told, " less its end": told[:-1], " less its middle": told[: len(told) // 2]}
            repeated |= {f"{rule.id}[{place}]{name}": told for name, told in near.items() if told}
    for name, told in repeated.items():
        yield name, (told * (size // len(told) + 1))[:size]
    for name, chars in _BY_CHANCE.items():
        yield f"{name} by chance", "".join(random.choices(chars, k=size))


def _sample(node: Node, random: Random) -> Iterator[str]:
    """A text that matches, with as many repeats as are needed and a few more."""
    match node:
        case Char(source):
            accepts = Program(rf"\A{source}\z")
            yield random.choice([char for char in printable if accepts.place(char.encode(), 0) == 0] or ["\u00e9"])
        case Edge():
            return
        case Choice(items):
            yield from _sample(random.choice(items), random)
        case Repeat(item, lowest, highest):
            most = lowest + 3 if highest is None else min(highest, lowest + 3)
            for _ in range(random.randint(lowest, most)):
                yield from _sample(item, random)
        case _:
            for item in node.items:
                yield from _sample(item, random)
