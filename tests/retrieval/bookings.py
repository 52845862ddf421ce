"""Bookings of a restaurant, as guests write them and as the house writes them down: a task no past answer answers.

The house's record has ways of its own, which nobody can guess: what its fields are called, day and time in one of them,
everything in capitals, the day in two letters, one word for the place and one for what is to be known.
"""

import json
from random import Random
from typing import Final, NamedTuple

INSTRUCTIONS: Final = (
    "You write down a restaurant's bookings. Answer each message with the house's record of it, as one line of JSON, "
    "and nothing else."
)

_NAMES: Final = (
    "Okafor", "Lindgren", "Moreau", "Tanaka", "Alvarez", "Novak", "Haddad", "Byrne", "Kowalski", "Ferreira", "Schmidt",
    "Rossi", "Petrov", "Nguyen", "Johansson", "Mbeki", "Fischer", "Dubois", "Costa", "Yilmaz", "Walsh", "Ivanov",
)  # fmt: skip
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_NUMBERS: Final = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight", 9: "nine"}
_PLACES: Final = {
    "on the terrace": "TERRACE",
    "by the window": "WINDOW",
    "at the bar": "BAR",
    "in the garden": "GARDEN",
}
_KNOWN: Final = {
    "one of us is vegan": "VEGAN",
    "we bring a baby": "BABY",
    "it is a birthday": "BIRTHDAY",
    "one of us has an allergy": "ALLERGY",
    "we come with a dog": "DOG",
}
_WORDINGS: Final = (
    "A table for {number} {place} on {day} at {clock}, please. The name is {name}, and {known}.",
    "Hello, this is {name}. Could we have a table {place} for {number} people? {day}, {clock}. By the way, {known}.",
    "{name} here: {day} at {clock}, {number} of us, {place} if you can. Please note that {known}.",
    "We are {number} and would like to come on {day} at {clock}. We would love to sit {place}; {known}. {name}",
    "Can I book {place} for {day}? There will be {number} of us at {clock}, and {known}. My name is {name}.",
)


class Booking(NamedTuple):
    """A guest's message and the house's record of it."""

    message: str
    record: str


def bookings(count: int, random: Random) -> list[Booking]:
    """No two alike."""
    found: dict[str, Booking] = {}
    while len(found) < count:
        one = _booking(random)
        found[one.record] = one
    return list(found.values())


def is_right(answer: str, record: str) -> bool:
    """Whether it is the same JSON; a fence of Markdown around it is forgiven."""
    text = answer.strip().removeprefix("```json").removeprefix("```").removesuffix("```").strip()
    try:
        return bool(json.loads(text) == json.loads(record))
    except ValueError:
        return False


def _booking(random: Random) -> Booking:
    name, day = random.choice(_NAMES), random.choice(_DAYS)
    number, hour, minute = random.choice(list(_NUMBERS)), random.randint(17, 21), random.choice((0, 15, 30, 45))
    place, known = random.choice(list(_PLACES)), random.choice(list(_KNOWN))
    message = random.choice(_WORDINGS).format(
        number=_NUMBERS[number], place=place, day=day, clock=f"{hour}:{minute:02}", name=name, known=known
    )
    record = {
        "guest": name.upper(),
        "pax": number,
        "slot": f"{day[:2].upper()} {hour}:{minute:02}",
        "area": _PLACES[place],
        "tag": _KNOWN[known],
    }
    return Booking(message, json.dumps(record))
