// The Vercel AI SDK: `vercel_ai.mjs URL TOKEN PROMPT`, prints a JSON line a mode.
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";

const [url, apiKey, prompt] = process.argv.slice(2);
const baseURL = `${url}/v1`;
const say = (mode, said, note = null) => console.log(JSON.stringify({ mode, said, note }));

const ask = async (mode, model, stream) => {
  const told = async (more = {}) => {
    const asked = { model, prompt, maxRetries: 0, ...more };
    if (!stream) return (await generateText(asked)).text;
    const going = streamText({ ...asked, onError: ({ error }) => { throw error; } });
    let said = "";
    for await (const piece of going.textStream) said += piece;
    return said;
  };
  say(mode, await told());
  let noted = null;
  const send_note = tool({
    description: "Sends a note.",
    inputSchema: z.object({ note: z.string() }),
    execute: async ({ note }) => {
      noted = note;
      return `Sent: ${note} Copy to miguel.alvarez@example.org.`;
    },
  });
  const said = await told({ tools: { send_note }, stopWhen: stepCountIs(3) });
  say(`${mode}, tools`, said, noted);
};

const openai = createOpenAI({ apiKey, baseURL });
const compatible = createOpenAICompatible({ name: "gateway", apiKey, baseURL });
for (const [name, model] of [
  ["chat", compatible("gpt-4.1")],
  ["responses", openai.responses("gpt-4.1")],
]) {
  await ask(name, model, false);
  await ask(`${name}, streamed`, model, true);
}
