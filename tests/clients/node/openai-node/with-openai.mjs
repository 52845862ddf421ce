// The agent on openai-node.

import OpenAI from "openai";
import { VERSION } from "openai/version";
import { Agent, QUESTION, TOOL_QUESTION, WRONG_KEY, report } from "./the-agent.mjs";

const agent = new Agent();
const client = new OpenAI();
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
        function: {
          name: "get_weather",
          description: "Tell the weather in a city.",
          parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
          parse: JSON.parse,
          function: (asked) => agent.getWeather(asked),
        },
      },
    ],
  });
  return agent.usedTool(await runner.finalContent());
}

async function failure(client, model) {
  try {
    await client.chat.completions.create({ model, messages });
  } catch (error) {
    if (!(error instanceof OpenAI.APIError)) throw error;
    return { error: error.constructor.name, status: error.status, code: error.code, message: error.message };
  }
}

report({
  version: VERSION,
  streamed: await streamed(),
  whole: await whole(),
  tool: await tool(false),
  tool_streamed: await tool(true),
  rate_limit: await failure(new OpenAI({ maxRetries: 0 }), agent.limitedModel),
  wrong_key: await failure(new OpenAI({ apiKey: WRONG_KEY }), agent.model),
});
