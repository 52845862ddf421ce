"""openai-agents: the Responses API, which it calls by default."""

import os

from agents import Agent, Runner, set_default_openai_client, set_tracing_disabled
from openai import AsyncOpenAI

client = AsyncOpenAI(
    base_url="http://127.0.0.1:8400/v1",
    api_key=os.environ["BURNISH_API_KEY"],
)
set_default_openai_client(client)
# Its own traces would go to OpenAI, not to the base URL.
set_tracing_disabled(True)

if __name__ == "__main__":
    print(Runner.run_sync(Agent(name="assistant", model="default"), "How are you today?").final_output)
