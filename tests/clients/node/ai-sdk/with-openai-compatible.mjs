// The agent on the Vercel AI SDK's provider for servers that speak OpenAI's API.

import { VERSION, createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { ask } from "./asking.mjs";

const { OPENAI_BASE_URL: baseURL, OPENAI_API_KEY: ownKey } = process.env;

await ask(VERSION, (model, apiKey = ownKey) =>
  createOpenAICompatible({ name: "burnish", baseURL, apiKey, includeUsage: true }).chatModel(model),
);
