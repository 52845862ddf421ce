"""openai-python: the Responses API."""

import os

from openai import OpenAI

client = OpenAI(
    base_url="http://127.0.0.1:8400/v1",
    api_key=os.environ["BURNISH_API_KEY"],
)

if __name__ == "__main__":
    print(client.responses.create(model="default", input="How are you today?").output_text)
