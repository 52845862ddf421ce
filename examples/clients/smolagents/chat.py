"""smolagents: chat completions."""

import os

from smolagents import OpenAIModel

model = OpenAIModel(
    "default",
    api_base="http://127.0.0.1:8400/v1",
    api_key=os.environ["BURNISH_API_KEY"],
)

if __name__ == "__main__":
    print(model([{"role": "user", "content": "How are you today?"}]).content)
