"""The agent on instructor: every answer is a tool call that fits a type, and one that does not fit is sent back."""

from importlib.metadata import version
from typing import Any

import instructor
import openai
from instructor.core import InstructorRetryException
from pydantic import BaseModel
from the_agent import QUESTION, TOOL_QUESTION, WRONG_KEY, Agent, report, told

agent = Agent()
client: instructor.Instructor = agent.example.client


class Said(BaseModel):
    """What is said."""

    text: str


class Weather(BaseModel):
    """The weather in a city."""

    city: str
    degrees: int


def asking(question: str, model: str = agent.model) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": question}]}


def streamed() -> dict[str, Any]:
    partial = [said.text for said in client.chat.completions.create_partial(response_model=Said, **asking(QUESTION))]
    return {"text": partial[-1], "grew": len(set(partial)) > 1}


def whole() -> dict[str, Any]:
    return {"text": client.chat.completions.create(response_model=Said, **asking(QUESTION)).text}


def tool() -> dict[str, Any]:
    """The model's first answer does not fit; instructor tells it so, as the result of its call."""
    tries: list[Any] = []
    client.on("completion:response", tries.append)
    weather = client.chat.completions.create(response_model=Weather, max_retries=2, **asking(TOOL_QUESTION))
    client.off("completion:response", tries.append)
    return {"weather": weather.model_dump(), "tries": len(tries)}


def failure(model: str, **options: Any) -> dict[str, Any]:
    bare: openai.OpenAI = client.client
    retrying = instructor.from_openai(bare.with_options(max_retries=0, **options))
    try:
        retrying.chat.completions.create(response_model=Said, max_retries=0, **asking(QUESTION, model))
    except InstructorRetryException as error:
        return told(error.__cause__)
    except openai.APIStatusError as error:
        return told(error)
    return {}


report(
    version=version("instructor"),
    streamed=streamed(),
    whole=whole(),
    tool=tool(),
    refused=failure(agent.refused_model),
    wrong_key=failure(agent.model, api_key=WRONG_KEY),
)
