"""anthropic's Python SDK: Messages. It adds `/v1` itself."""

import os

from anthropic import Anthropic

client = Anthropic(
    base_url="http://127.0.0.1:8400",
    api_key=os.environ["BURNISH_API_KEY"],
)

if __name__ == "__main__":
    said = [{"role": "user", "content": "How are you today?"}]
    print(client.messages.create(model="default", max_tokens=80, messages=said).content[0].text)
