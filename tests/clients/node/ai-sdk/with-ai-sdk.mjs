// The agent on the Vercel AI SDK, with the provider package and the API that the example has chosen.

import { APICallError, generateText, isStepCount, streamText, tool } from "ai";
import { z } from "zod";
import { Agent, QUESTION, TOOL_QUESTION, WRONG_KEY, example, report, version } from "./the-agent.mjs";

const agent = new Agent();
const model = example.model(agent.model);
const armed = {
  model,
  prompt: TOOL_QUESTION,
  stopWhen: isStepCount(3),
  tools: {
    get_weather: tool({
      description: "Tell the weather in a city.",
      inputSchema: z.object({ city: z.string() }),
      execute: (asked) => agent.getWeather(asked),
    }),
  },
};

async function streamed() {
  const answer = streamText({ model, prompt: QUESTION });
  const pieces = [];
  for await (const piece of answer.textStream) pieces.push(piece);
  const usage = await answer.totalUsage;
  return { text: pieces.join(""), pieces: pieces.length, usages: usage.outputTokens > 0 ? 1 : 0 };
}

async function failure(model) {
  try {
    await generateText({ model, prompt: QUESTION, maxRetries: 0 });
  } catch (error) {
    if (!APICallError.isInstance(error)) throw error;
    const { code, type } = JSON.parse(error.responseBody).error;
    const told = process.env.CLIENT_EXAMPLE === "messages" ? type : code;
    return { error: error.name, status: error.statusCode, code: told, message: error.message };
  }
}

report({
  version: version("ai"),
  streamed: await streamed(),
  whole: { text: (await generateText({ model, prompt: QUESTION })).text },
  tool: agent.usedTool((await generateText(armed)).text),
  tool_streamed: agent.usedTool(await streamText(armed).text),
  refused: await failure(example.model(agent.refusedModel)),
  wrong_key: await failure(example.model(agent.model, { apiKey: WRONG_KEY })),
});
