// Vercel AI SDK: its Anthropic provider.

import { createAnthropic } from "@ai-sdk/anthropic";
import { generateText } from "ai";

export const settings = {
  baseURL: "http://127.0.0.1:8400/v1",
  apiKey: process.env.BURNISH_API_KEY,
};
export const model = (name, others) => createAnthropic({ ...settings, ...others })(name);

if (import.meta.main) {
  const answer = await generateText({ model: model("default"), prompt: "How are you today?" });
  console.log(answer.text);
}
