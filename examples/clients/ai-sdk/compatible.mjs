// Vercel AI SDK: its provider for servers that speak chat completions.

import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText } from "ai";

export const settings = {
  baseURL: "http://127.0.0.1:8400/v1",
  apiKey: process.env.BURNISH_API_KEY,
  name: "burnish",
  includeUsage: true,
};
export const model = (name, others) => createOpenAICompatible({ ...settings, ...others })(name);

if (import.meta.main) {
  const answer = await generateText({ model: model("default"), prompt: "How are you today?" });
  console.log(answer.text);
}
