// The same small agent for every Node client: its models, its questions, its one tool, and how it reports what it saw.

import { readFileSync } from "node:fs";

export const QUESTION = "How are you today?";
export const TOOL_QUESTION = "What is the weather in Paris?";
export const WRONG_KEY = "sk-nobody-has-this-key";
export const WEATHER = {
  name: "get_weather",
  description: "Tell the weather in a city.",
  parameters: {
    type: "object",
    properties: { city: { type: "string" } },
    required: ["city"],
    additionalProperties: false,
  },
};

// Base URL and key are left to the example, which has nothing else to point the client at Burnish.
export const example = await import(`./${process.env.CLIENT_EXAMPLE}.mjs`);

export class Agent {
  model = process.env.CLIENT_MODEL;
  // A model for which the provider answers with an error.
  refusedModel = process.env.CLIENT_REFUSED_MODEL;
  cities = [];

  getWeather({ city }) {
    this.cities.push(city);
    return `18 degrees in ${city}`;
  }

  usedTool(text) {
    return { cities: this.cities.splice(0), text };
  }
}

// Of an installed package.
export function version(name) {
  return JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url))).version;
}

// What an agent learns from an error of openai-node, which other clients raise too.
export function told(error) {
  return { error: error.constructor.name, status: error.status, code: error.code, message: error.message };
}

export function report(seen) {
  console.log(JSON.stringify(seen));
}
