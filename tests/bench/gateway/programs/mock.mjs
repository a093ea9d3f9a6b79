// aimock as a provider that says back what it is told. Prints its address; ends with its stdin.
//
// With tools on offer it calls the first one with the user's text as its only argument, and says
// the tool's answer afterwards. A prompt in dspy's own form gets its answer in that form.
import { LLMock } from "@copilotkit/aimock";

const textOf = (content) =>
  typeof content === "string"
    ? content
    : (content ?? []).map((part) => part.text ?? "").join("");

const inFormOf = (asked) => {
  const field = asked.match(/\[\[ ## question ## \]\]\n([^]*?)\n\n/);
  return field ? `[[ ## answer ## ]]\n${field[1]}\n\n[[ ## completed ## ]]` : asked;
};

const answer = (request) => {
  const last = request.messages.at(-1);
  if (last.role === "tool") return { content: textOf(last.content) };
  const asked = textOf(request.messages.findLast((one) => one.role === "user").content);
  if (!request.tools?.length) return { content: inFormOf(asked) };
  const { name, parameters } = request.tools[0].function;
  const [argument] = Object.keys(parameters.properties);
  return { toolCalls: [{ name, arguments: JSON.stringify({ [argument]: asked }) }] };
};

const mock = new LLMock({ port: 0, chunkSize: Number(process.argv[2] ?? 3), journalMaxEntries: 5000 });
mock.on({ predicate: () => true }, answer);
await mock.start();
console.log(mock.url);
process.stdin.resume().on("end", () => process.exit(0));
