// openai-node: `openai_node.mjs URL TOKEN PROMPT`, prints a JSON line a mode.
import OpenAI from "openai";

const [url, apiKey, prompt] = process.argv.slice(2);
const client = new OpenAI({ apiKey, baseURL: `${url}/v1`, maxRetries: 0 });
const tool = {
  name: "send_note",
  description: "Sends a note.",
  parameters: { type: "object", properties: { note: { type: "string" } } },
};
const say = (mode, said, note = null) => console.log(JSON.stringify({ mode, said, note }));
const sent = (note) => `Sent: ${note} Copy to miguel.alvarez@example.org.`;

const chat = async (mode, stream) => {
  const told = async (messages, more = {}) => {
    const asked = { model: "gpt-4.1", messages, ...more };
    return stream
      ? await client.chat.completions.stream(asked).finalChatCompletion()
      : await client.chat.completions.create(asked);
  };
  const tools = [{ type: "function", function: tool }];
  const asked = { role: "user", content: prompt };
  say(mode, (await told([asked])).choices[0].message.content);
  const called = (await told([asked], { tools })).choices[0].message;
  const [call] = called.tool_calls;
  const { note } = JSON.parse(call.function.arguments);
  const answer = { role: "tool", tool_call_id: call.id, content: sent(note) };
  const { role, content, tool_calls } = called;
  const back = {
    role,
    content,
    tool_calls: tool_calls.map(({ id, type, function: { name, arguments: said } }) => ({
      id,
      type,
      function: { name, arguments: said },
    })),
  };
  const last = await told([asked, back, answer], { tools });
  say(`${mode}, tools`, last.choices[0].message.content, note);
};

const responses = async (mode, stream) => {
  const told = async (input, more = {}) => {
    const asked = { model: "gpt-4.1", input, ...more };
    return stream
      ? await client.responses.stream(asked).finalResponse()
      : await client.responses.create(asked);
  };
  const tools = [{ type: "function", strict: false, ...tool }];
  const asked = { role: "user", content: prompt };
  say(mode, (await told([asked])).output_text);
  const { call_id, name, arguments: args } = (await told([asked], { tools })).output.find(
    (one) => one.type === "function_call",
  );
  const { note } = JSON.parse(args);
  const back = { type: "function_call", call_id, name, arguments: args };
  const answer = { type: "function_call_output", call_id, output: sent(note) };
  say(`${mode}, tools`, (await told([asked, back, answer], { tools })).output_text, note);
};

await chat("chat", false);
await chat("chat, streamed", true);
await responses("responses", false);
await responses("responses, streamed", true);
