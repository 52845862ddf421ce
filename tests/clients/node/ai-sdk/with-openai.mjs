// The agent on the Vercel AI SDK's own OpenAI provider, kept to chat completions.

import { VERSION, createOpenAI } from "@ai-sdk/openai";
import { ask } from "./asking.mjs";

await ask(VERSION, (model, apiKey) => createOpenAI({ apiKey }).chat(model));
