"""litellm's SDK: chat completions of an OpenAI-compatible provider."""

import os

import litellm

litellm.api_base = "http://127.0.0.1:8400/v1"
litellm.api_key = os.environ["BURNISH_API_KEY"]

if __name__ == "__main__":
    said = [{"role": "user", "content": "How are you today?"}]
    print(litellm.completion(model="openai/default", messages=said).choices[0].message.content)
