// openai-node: the Responses API.

import OpenAI from "openai";

export const client = new OpenAI({
  baseURL: "http://127.0.0.1:8400/v1",
  apiKey: process.env.BURNISH_API_KEY,
});

if (import.meta.main) {
  const answer = await client.responses.create({ model: "default", input: "How are you today?" });
  console.log(answer.output_text);
}
