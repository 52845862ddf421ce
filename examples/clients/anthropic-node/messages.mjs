// anthropic's JavaScript SDK: Messages. It adds `/v1` itself.

import Anthropic from "@anthropic-ai/sdk";

export const client = new Anthropic({
  baseURL: "http://127.0.0.1:8400",
  apiKey: process.env.BURNISH_API_KEY,
});

if (import.meta.main) {
  const messages = [{ role: "user", content: "How are you today?" }];
  const answer = await client.messages.create({ model: "default", max_tokens: 80, messages });
  console.log(answer.content[0].text);
}
