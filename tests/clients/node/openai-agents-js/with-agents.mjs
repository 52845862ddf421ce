// The agent on OpenAI's Agents SDK for JavaScript, by the API that the example has chosen.

import { Agent as Assistant, OpenAIProvider, Runner, tool as local } from "@openai/agents";
import { z } from "zod";
import { Agent, QUESTION, TOOL_QUESTION, WRONG_KEY, example, report, told, version } from "./the-agent.mjs";

const agent = new Agent();
const { runner, settings } = example;
const plain = new Assistant({ name: "weather", model: agent.model });
const armed = plain.clone({
  tools: [
    local({
      name: "get_weather",
      description: "Tell the weather in a city.",
      parameters: z.object({ city: z.string() }),
      execute: (asked) => agent.getWeather(asked),
    }),
  ],
});

async function streamed() {
  const run = await runner.run(plain, QUESTION, { stream: true });
  const pieces = [];
  for await (const piece of run.toTextStream()) pieces.push(piece);
  await run.completed;
  const usages = run.rawResponses.filter(({ usage }) => usage.outputTokens > 0).length;
  return { text: pieces.join(""), pieces: pieces.length, usages };
}

async function toolStreamed() {
  const run = await runner.run(armed, TOOL_QUESTION, { stream: true });
  await run.completed;
  return agent.usedTool(run.finalOutput);
}

async function failure(model, options) {
  const modelProvider = new OpenAIProvider({ ...settings, ...options });
  try {
    await new Runner({ modelProvider, tracingDisabled: true }).run(plain.clone({ model }), QUESTION);
  } catch (error) {
    if (error.status === undefined) throw error;
    return told(error);
  }
}

report({
  version: version("@openai/agents"),
  streamed: await streamed(),
  whole: { text: (await runner.run(plain, QUESTION)).finalOutput },
  tool: agent.usedTool((await runner.run(armed, TOOL_QUESTION)).finalOutput),
  tool_streamed: await toolStreamed(),
  refused: await failure(agent.refusedModel),
  wrong_key: await failure(agent.model, { apiKey: WRONG_KEY }),
});
