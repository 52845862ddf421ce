"""openai-python: chat completions."""

import os

from openai import OpenAI

client = OpenAI(
    base_url="http://127.0.0.1:8400/v1",
    api_key=os.environ["BURNISH_API_KEY"],
)

if __name__ == "__main__":
    said = [{"role": "user", "content": "How are you today?"}]
    print(client.chat.completions.create(model="default", messages=said).choices[0].message.content)
