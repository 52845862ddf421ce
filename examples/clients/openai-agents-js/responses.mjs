// @openai/agents: the Responses API, which it calls by default.

import { Agent, OpenAIProvider, Runner } from "@openai/agents";

export const settings = {
  baseURL: "http://127.0.0.1:8400/v1",
  apiKey: process.env.BURNISH_API_KEY,
  useResponses: true,
};
// Its own traces would go to OpenAI, not to the base URL.
export const runner = new Runner({ modelProvider: new OpenAIProvider(settings), tracingDisabled: true });

if (import.meta.main) {
  const answer = await runner.run(new Agent({ name: "assistant", model: "default" }), "How are you today?");
  console.log(answer.finalOutput);
}
