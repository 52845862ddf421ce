"""pydantic-ai: chat completions, which it means by `openai-chat:`."""

import os

from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

provider = OpenAIProvider(
    base_url="http://127.0.0.1:8400/v1",
    api_key=os.environ["BURNISH_API_KEY"],
)
model = OpenAIChatModel("default", provider=provider)

if __name__ == "__main__":
    print(Agent(model).run_sync("How are you today?").output)
