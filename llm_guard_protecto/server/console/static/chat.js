// A live chat through the gateway: what you write and read beside what the provider saw and said.

import { lines } from "./api.js";
import { attempt, byId, el, say } from "./dom.js";
import { shown, tokensIn } from "./marks.js";
import { Speech, question } from "./speech.js";

const MODELS = { openai: "gpt-4.1-mini", anthropic: "claude-sonnet-4-5" };

let gateway = null;
let history = [];
let stopping = null;

export function start(session) {
  gateway = session.gateway;
  byId("chat-none").hidden = Boolean(gateway);
  byId("chat-part").hidden = !gateway;
  if (!gateway) return;
  byId("chat-shadow").hidden = !gateway.shadow;
  byId("chat-provider").replaceChildren(...gateway.providers.map(({ name }) => el("option", {}, name)));
  byId("chat-provider").addEventListener("change", model);
  const others = [...new Set(gateway.policies)].map((name) => el("option", { value: name }, name));
  byId("chat-policy").replaceChildren(el("option", { value: "" }, "as the gateway decides"), ...others);
  model();
  byId("chat-clear").addEventListener("click", clear);
  byId("chat-stop").addEventListener("click", () => stopping?.abort());
  byId("chat-form").addEventListener("submit", (event) => {
    event.preventDefault();
    if (!stopping) attempt(byId("chat"), send);
  });
  byId("chat-text").addEventListener("keydown", (event) => {
    if (event.key === "Escape") stopping?.abort();
  });
}

const kind = () => gateway.providers.find(({ name }) => name === byId("chat-provider").value).kind;

function model() {
  byId("chat-model").value = MODELS[kind()];
}

function clear() {
  stopping?.abort();
  history = [];
  byId("chat-log").replaceChildren();
  say(byId("chat"), {});
  byId("chat-text").focus();
}

async function send() {
  const text = byId("chat-text").value;
  const messages = [...history, { role: "user", content: text }];
  const [path, body, headers] = question(kind(), byId("chat-model").value, messages);
  const policy = byId("chat-policy").value;
  if (policy) headers["x-llm-guard-policy"] = policy;
  const turn = new Turn(text, kind());
  byId("chat-text").value = "";
  stopping = new AbortController();
  byId("chat-stop").disabled = false;
  try {
    const url = `chat/${byId("chat-provider").value}/v1/${path}`;
    for await (const event of lines(url, body, headers, stopping.signal)) turn.take(event);
    const wrong = turn.wrong();
    if (wrong) throw new Error(wrong);
    history = [...messages, { role: "assistant", content: turn.got.text }];
  } catch (error) {
    byId("chat-text").value ||= text; // nothing that was written is lost
    if (error.name !== "AbortError") throw error;
    return "Stopped. The answer so far is not part of the chat.";
  } finally {
    stopping = null;
    byId("chat-stop").disabled = true;
    turn.close();
  }
  return "";
}

/** One exchange on the page: four texts, and what the receipt says. */
class Turn {
  status = 0;
  ended = false;
  sent = "";

  constructor(text, provider) {
    this.got = new Speech(provider);
    this.heard = new Speech(provider);
    this.boxes = {};
    const said = (name, side, first, extra = "") => {
      this.boxes[name] = el("span", {}, ...first);
      return el("div", { class: `said ${extra}` }, el("span", { class: "side" }, side), this.boxes[name]);
    };
    this.receipt = el("p", { class: "receipt" });
    this.whole = el("pre", { class: "text", tabindex: 0, "aria-label": "The whole request" });
    this.details = el("details", { hidden: true }, el("summary", {}, "Everything that was sent"), this.whole);
    this.node = el("div", { class: "turn" },
      el("div", { class: "panes user" }, said("wrote", "You wrote", [shown(text)]), said("sent", "The provider saw", ["…"], "heard")),
      el("div", { class: "panes" }, said("got", "You read", ["…"]), said("heard", "The provider said", ["…"], "heard")),
      this.receipt, this.details);
    byId("chat-log").append(this.node);
    byId("chat-log").setAttribute("aria-busy", "true");
    this.scroll();
  }

  take(event) {
    if (event.status) [this.status, this.counts] = [event.status, event.receipt];
    if (event.ended) this.ended = true;
    if (event.sent) this.saw((this.sent += event.sent));
    if (event.heard) this.boxes.heard.replaceChildren(...tokensIn(this.heard.feed(event.heard)));
    if (event.got) this.boxes.got.textContent = shown(this.got.feed(event.got));
    this.scroll();
  }

  saw(body) {
    let messages = [];
    try {
      messages = JSON.parse(body).messages;
    } catch {
      return; // the rest of it is still to come
    }
    const last = messages.at(-1)?.content;
    this.boxes.sent.replaceChildren(...tokensIn(typeof last === "string" ? last : JSON.stringify(last)));
    this.whole.replaceChildren(...tokensIn(body));
    this.details.hidden = false;
  }

  wrong() {
    if (this.status !== 200) return this.got.complaint || `The gateway answered ${this.status}.`;
    if (this.got.failed) return this.got.failed;
    return this.ended ? "" : "The answer broke off.";
  }

  close() {
    byId("chat-log").removeAttribute("aria-busy");
    const nothing = { sent: "nothing", got: "no answer", heard: shown(this.heard.raw) || "nothing" };
    for (const [name, said] of Object.entries(nothing))
      if (["", "…"].includes(this.boxes[name].textContent)) this.boxes[name].textContent = said;
    const counts = this.got.receipt ?? this.counts;
    if (!counts) return;
    const masked = Object.entries(counts.masked).map(([entity, count]) => `${entity} ${count}`).join(", ");
    this.receipt.textContent =
      `Masked ${masked || "nothing"} · restored ${counts.restored + counts.repaired} · unknown ${counts.unknown} · policy ${counts.policy}`;
  }

  scroll() {
    const log = byId("chat-log");
    log.scrollTop = log.scrollHeight;
  }
}
