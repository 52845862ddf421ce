// The agent on openai-node's chat completions.

import OpenAI from "openai";
import { Agent, QUESTION, TOOL_QUESTION, WEATHER, WRONG_KEY, example, report, told, version } from "./the-agent.mjs";

const agent = new Agent();
const { client } = example;
const messages = [{ role: "user", content: QUESTION }];

async function streamed() {
  const chunks = await client.chat.completions.create({
    model: agent.model,
    messages,
    stream: true,
    stream_options: { include_usage: true },
  });
  const pieces = [];
  let usages = 0;
  for await (const chunk of chunks) {
    pieces.push(...chunk.choices.map((choice) => choice.delta.content).filter(Boolean));
    if (chunk.usage) usages += 1;
  }
  return { text: pieces.join(""), pieces: pieces.length, usages };
}

async function whole() {
  const completion = await client.chat.completions.create({ model: agent.model, messages });
  return { text: completion.choices[0].message.content };
}

async function tool(stream) {
  const runner = client.chat.completions.runTools({
    model: agent.model,
    stream,
    messages: [{ role: "user", content: TOOL_QUESTION }],
    tools: [
      {
        type: "function",
        function: { ...WEATHER, parse: JSON.parse, function: (asked) => agent.getWeather(asked) },
      },
    ],
  });
  return agent.usedTool(await runner.finalContent());
}

async function failure(model, options) {
  try {
    await client.withOptions({ maxRetries: 0, ...options }).chat.completions.create({ model, messages });
  } catch (error) {
    if (!(error instanceof OpenAI.APIError)) throw error;
    return told(error);
  }
}

report({
  version: version("openai"),
  streamed: await streamed(),
  whole: await whole(),
  tool: await tool(false),
  tool_streamed: await tool(true),
  refused: await failure(agent.refusedModel),
  wrong_key: await failure(agent.model, { apiKey: WRONG_KEY }),
});
