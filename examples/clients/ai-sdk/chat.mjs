// Vercel AI SDK: its OpenAI provider, kept to chat completions.

import { createOpenAI } from "@ai-sdk/openai";
import { generateText } from "ai";

export const settings = {
  baseURL: "http://127.0.0.1:8400/v1",
  apiKey: process.env.BURNISH_API_KEY,
};
export const model = (name, others) => createOpenAI({ ...settings, ...others }).chat(name);

if (import.meta.main) {
  const answer = await generateText({ model: model("default"), prompt: "How are you today?" });
  console.log(answer.text);
}
