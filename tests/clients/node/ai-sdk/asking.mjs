// The agent on the Vercel AI SDK, whichever provider package makes the model.

import { APICallError, generateText, isStepCount, streamText, tool } from "ai";
import { z } from "zod";
import { Agent, QUESTION, TOOL_QUESTION, WRONG_KEY, report } from "./the-agent.mjs";

// `build` makes a model from its name, and from another key than the environment's when it is given one.
export async function ask(version, build) {
  const agent = new Agent();
  const armed = {
    model: build(agent.model),
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
    const answer = streamText({ model: build(agent.model), prompt: QUESTION });
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
      const { code } = JSON.parse(error.responseBody).error;
      return { error: error.name, status: error.statusCode, code, message: error.message };
    }
  }

  report({
    version,
    streamed: await streamed(),
    whole: { text: (await generateText({ model: build(agent.model), prompt: QUESTION })).text },
    tool: agent.usedTool((await generateText(armed)).text),
    tool_streamed: agent.usedTool(await streamText(armed).text),
    rate_limit: await failure(build(agent.limitedModel)),
    wrong_key: await failure(build(agent.model, WRONG_KEY)),
  });
}
