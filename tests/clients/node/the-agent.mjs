// The same small agent for every Node client: its models, its questions, its one tool, and how it reports what it saw.

export const QUESTION = "How are you today?";
export const TOOL_QUESTION = "What is the weather in Paris?";
export const WRONG_KEY = "sk-nobody-has-this-key";

export class Agent {
  // Base URL and key it leaves to the client library, which reads OPENAI_BASE_URL and OPENAI_API_KEY.
  model = process.env.CLIENT_MODEL;
  // A model whose provider answers 429.
  limitedModel = process.env.CLIENT_LIMITED_MODEL;
  cities = [];

  getWeather({ city }) {
    this.cities.push(city);
    return `18 degrees in ${city}`;
  }

  usedTool(text) {
    return { cities: this.cities.splice(0), text };
  }
}

export function report(seen) {
  console.log(JSON.stringify(seen));
}
