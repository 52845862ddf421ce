// The agent on Anthropic's JavaScript SDK.

import Anthropic from "@anthropic-ai/sdk";
import { Agent, QUESTION, TOOL_QUESTION, WEATHER, WRONG_KEY, example, report, version } from "./the-agent.mjs";

const agent = new Agent();
const { client } = example;
const { parameters: input_schema, ...named } = WEATHER;
const tools = [{ ...named, input_schema }];

const user = (content) => ({ role: "user", content });
const asking = (messages, more) => ({ model: agent.model, max_tokens: 200, messages, ...more });
const text = ({ content }) => content.map((block) => (block.type === "text" ? block.text : "")).join("");

async function streamed() {
  const pieces = [];
  const stream = client.messages.stream(asking([user(QUESTION)])).on("text", (piece) => pieces.push(piece));
  const { usage } = await stream.finalMessage();
  return { text: pieces.join(""), pieces: pieces.length, usages: usage.output_tokens > 0 ? 1 : 0 };
}

async function whole() {
  return { text: text(await client.messages.create(asking([user(QUESTION)]))) };
}

async function tool(ask) {
  const asked = await ask(asking([user(TOOL_QUESTION)], { tools }));
  const results = asked.content
    .filter((block) => block.type === "tool_use")
    .map(({ id, input }) => ({ type: "tool_result", tool_use_id: id, content: agent.getWeather(input) }));
  const said = [user(TOOL_QUESTION), { role: "assistant", content: asked.content }, user(results)];
  return agent.usedTool(text(await ask(asking(said, { tools }))));
}

async function failure(model, options) {
  try {
    await client.withOptions({ maxRetries: 0, ...options }).messages.create(asking([user(QUESTION)], { model }));
  } catch (error) {
    if (!(error instanceof Anthropic.APIError)) throw error;
    const { type, message } = error.error.error;
    return { error: error.constructor.name, status: error.status, code: type, message };
  }
}

report({
  version: version("@anthropic-ai/sdk"),
  streamed: await streamed(),
  whole: await whole(),
  tool: await tool((asked) => client.messages.create(asked)),
  tool_streamed: await tool((asked) => client.messages.stream(asked).finalMessage()),
  refused: await failure(agent.refusedModel),
  wrong_key: await failure(agent.model, { apiKey: WRONG_KEY }),
});
