"""Checks as an owner writes them; they run in a process of their own."""


def polite(question: str, answer: str) -> str | None:
    return None if "please" in answer else "Say please."


def half(question: str, answer: str) -> float:
    return 0.5


def no(question: str, answer: str) -> bool:
    return False


def fine(question: str, answer: str) -> bool:
    return question == "What?"


def nothing(question: str, answer: str) -> None:
    pass


def breaks(question: str, answer: str) -> None:
    raise ValueError("no")
