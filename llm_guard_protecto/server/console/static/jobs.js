// Jobs of this tab: queue texts, follow them, look at what came out.

import { api } from "./api.js";
import { attempt, byId, el, say, table } from "./dom.js";

const EVERY = 1000; // milliseconds between two looks, while a job is open
const OPEN = ["PENDING", "IN-PROGRESS"];

const jobs = new Map(); // by tracking id, the latest first
let timer = 0;

export function start() {
  const section = byId("jobs");
  byId("job-form").addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(section, queue);
  });
  byId("job-find").addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(section, follow);
  });
  show();
}

async function queue() {
  const call = byId("job-call").value;
  const key = call === "mask" ? "value" : "token_value";
  const texts = byId("job-texts").value.split("\n").filter((line) => line.trim());
  const body = { [call]: texts.map((line) => ({ [key]: line })), policy_name: byId("job-policy").value };
  const [queued] = await api("PUT", `/${call}/async`, body);
  jobs.set(queued.tracking_id, { ...queued, call_type: call });
  await look();
  return "Queued.";
}

async function follow() {
  const tracking_id = byId("job-id").value.trim();
  const [found] = await api("PUT", "/async-status", { status: [{ tracking_id }] });
  jobs.set(tracking_id, found);
  show();
}

async function look() {
  clearTimeout(timer);
  const open = [...jobs.values()].filter((job) => OPEN.includes(job.status));
  if (open.length) {
    const status = open.map(({ tracking_id }) => ({ tracking_id }));
    for (const job of await api("PUT", "/async-status", { status })) jobs.set(job.tracking_id, job);
    timer = setTimeout(again, EVERY);
  }
  show();
}

async function again() {
  try {
    await look();
  } catch (error) {
    say(byId("jobs"), { problem: error.message });
  }
}

function show() {
  const rows = [...jobs.values()].reverse().map((job) => [
    [job.tracking_id, "code"],
    job.call_type,
    job.status,
    [job.submitted_time ?? "", "figure"],
    [job.completed_time ?? "", "figure"],
    job.result || job.error_msg
      ? el("button", { type: "button", class: "quiet", onclick: () => result(job) }, job.result ? "Result" : "Why")
      : "",
  ]);
  byId("job-table").replaceChildren(rows.length
    ? table(["Tracking id", "Does", "Status", "Submitted (UTC)", "Ended (UTC)", "Outcome"], rows)
    : el("p", { class: "note" }, "No job was queued or followed in this tab."));
}

function result(job) {
  byId("job-result").hidden = false;
  byId("job-result-title").textContent = `${job.result ? "Result" : "Why it failed"}: ${job.tracking_id}`;
  const side = job.call_type === "mask" ? "token_value" : "value";
  const text = job.result ? job.result.map((item) => item[side]).join("\n") : job.error_msg;
  const box = byId("job-result-text");
  box.textContent = text;
  box.focus();
}
