// openai-node: chat completions.

import OpenAI from "openai";

export const client = new OpenAI({
  baseURL: "http://127.0.0.1:8400/v1",
  apiKey: process.env.BURNISH_API_KEY,
});

if (import.meta.main) {
  const messages = [{ role: "user", content: "How are you today?" }];
  const answer = await client.chat.completions.create({ model: "default", messages });
  console.log(answer.choices[0].message.content);
}
