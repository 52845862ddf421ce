"""instructor: chat completions of openai-python, with answers that fit a type."""

import os

import instructor
from openai import OpenAI

client = instructor.from_openai(
    OpenAI(
        base_url="http://127.0.0.1:8400/v1",
        api_key=os.environ["BURNISH_API_KEY"],
    )
)

if __name__ == "__main__":
    said = [{"role": "user", "content": "How are you today?"}]
    print(client.chat.completions.create(model="default", messages=said, response_model=str))
