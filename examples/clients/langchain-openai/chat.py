"""langchain-openai: chat completions, which it calls by default."""

import os

from langchain_openai import ChatOpenAI

model = ChatOpenAI(
    model="default",
    base_url="http://127.0.0.1:8400/v1",
    api_key=os.environ["BURNISH_API_KEY"],
)

if __name__ == "__main__":
    print(model.invoke("How are you today?").text)
