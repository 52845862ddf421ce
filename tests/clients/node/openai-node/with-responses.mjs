// The agent on openai-node's Responses API: stateless first, then going on from the answer that is kept.

import OpenAI from "openai";
import { Agent, QUESTION, TOOL_QUESTION, WEATHER, WRONG_KEY, example, report, told, version } from "./the-agent.mjs";

const agent = new Agent();
const { client } = example;
const { model } = agent;
const tools = [{ type: "function", strict: true, ...WEATHER }];

function results(asked) {
  return asked.output
    .filter((item) => item.type === "function_call")
    .map(({ call_id, arguments: given }) => {
      return { type: "function_call_output", call_id, output: agent.getWeather(JSON.parse(given)) };
    });
}

async function streamed() {
  const pieces = [];
  let usages = 0;
  for await (const event of await client.responses.create({ model, input: QUESTION, stream: true })) {
    if (event.type === "response.output_text.delta") pieces.push(event.delta);
    if (event.type === "response.completed" && event.response.usage) usages += 1;
  }
  return { text: pieces.join(""), pieces: pieces.length, usages };
}

async function whole() {
  return { text: (await client.responses.create({ model, input: QUESTION })).output_text };
}

async function tool() {
  const said = [{ role: "user", content: TOOL_QUESTION }];
  const asked = await client.responses.create({ model, input: said, tools, store: false });
  const input = [...said, ...asked.output, ...results(asked)];
  return agent.usedTool((await client.responses.create({ model, input, tools, store: false })).output_text);
}

async function toolStreamed() {
  const ask = (more) => client.responses.stream({ model, tools, ...more }).finalResponse();
  const asked = await ask({ input: TOOL_QUESTION });
  return agent.usedTool((await ask({ input: results(asked), previous_response_id: asked.id })).output_text);
}

async function failure(model, options) {
  try {
    await client.withOptions({ maxRetries: 0, ...options }).responses.create({ model, input: QUESTION });
  } catch (error) {
    if (!(error instanceof OpenAI.APIError)) throw error;
    return told(error);
  }
}

report({
  version: version("openai"),
  streamed: await streamed(),
  whole: await whole(),
  tool: await tool(),
  tool_streamed: await toolStreamed(),
  refused: await failure(agent.refusedModel),
  wrong_key: await failure(model, { apiKey: WRONG_KEY }),
});
