// The streams of the two kinds of provider, read piece by piece.

/** Collects a stream of events: `feed` returns the text so far, `receipt` what its end told. */
export class Speech {
  text = "";
  receipt = null;
  raw = "";
  #rest = "";

  constructor(kind) {
    this.kind = kind;
  }

  feed(piece) {
    this.raw += piece;
    const lines = (this.#rest + piece).split(/\r?\n/);
    this.#rest = lines.pop();
    for (const line of lines) {
      if (line.startsWith("data:")) this.#event(line.slice(5).trim());
      else if (line.startsWith(": x-llm-guard-receipt ")) this.receipt = JSON.parse(line.slice(22));
    }
    return this.text;
  }

  #event(data) {
    let said;
    try {
      said = JSON.parse(data);
    } catch {
      return; // "[DONE]", or something that is no event of a chat
    }
    this.text += (this.kind === "anthropic" ? said.delta?.text : said.choices?.[0]?.delta?.content) ?? "";
    if (said.error) this.failed = said.error.message;
  }

  /** What an answer that is no stream complains of, or what broke one off. */
  get complaint() {
    if (this.failed) return this.failed;
    try {
      return JSON.parse(this.raw).error.message;
    } catch {
      return "";
    }
  }
}

/** The path and body of a call that streams a chat. */
export function question(kind, model, messages) {
  return kind === "anthropic"
    ? ["messages", { model, messages, max_tokens: 1024, stream: true }, { "anthropic-version": "2023-06-01" }]
    : ["chat/completions", { model, messages, stream: true }, {}];
}
