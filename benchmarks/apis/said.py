"""What is asked and answered in every API: a question about an order, the tool that finds it, and the answer."""

from typing import Final

NUMBER: Final = "00000000"
"""Stands for the number that makes each question a new one."""
SYSTEM: Final = (
    "You are the support agent of a small shop. Answer in two or three sentences, name the order you speak of, "
    "never promise a date that the carrier did not confirm, and ask before you cancel anything."
)
QUESTION: Final = (
    f"Order {NUMBER} should have been here last week. Where is it, and is there anything left for me to pay?"
)
TOOL: Final = "find_order"
TOOL_DOES: Final = "Looks an order up by its number."
TOOL_TAKES: Final = {"type": "object", "properties": {"order": {"type": "string"}}, "required": ["order"]}
CALL_ID: Final = "call_bench_0001"
ARGUMENTS: Final = '{"order":"A-10023"}'
RESULT: Final = '{"order":"A-10023","status":"shipped","carrier":"post","left":"Monday","due":0}'

WORD: Final = "burnish"
WORDS: Final = 100
"""Events of a stream that say the word."""
STREAMED: Final = f" {WORD}" * WORDS
LAST_WORDS: Final = "so nothing else is due."
PROMPT_TOKENS: Final = 182
ANSWER_TOKENS: Final = 203

_FILLER: Final = "The order left the warehouse on Monday and the carrier has it; "


def answer(length: int) -> str:
    """Words of an answer, `length` of letters, that end in the last words."""
    room = length - len(LAST_WORDS)
    return (_FILLER * (room // len(_FILLER) + 1))[:room] + LAST_WORDS
