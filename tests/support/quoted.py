"""Reads a line of quoted answers back into what it says: as a model would, by its marks and its JSON."""

import json
import re
from typing import Any, Final

_LINE: Final = re.compile(r"\[([^\]]*)\] question: ")
_ANSWER: Final = re.compile(r" answer( \(tools were used\))?: ")


def read_line(line: str) -> dict[str, Any]:
    """`id`, `question` and `answer`, and `used_tools` where it says so. Raises where the line is no such line."""
    begins = _LINE.match(line)
    assert begins is not None, line
    question, place = json.JSONDecoder().raw_decode(line, begins.end())
    answers = _ANSWER.match(line, place)
    assert answers is not None, line
    answer = json.loads(line[answers.end() :])
    told = {"id": begins[1], "question": question, "answer": answer}
    return {**told, "used_tools": True} if answers[1] else told
