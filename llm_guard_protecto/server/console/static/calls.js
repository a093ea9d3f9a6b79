// What has been called lately: counts, and no text of any call.

import { api } from "./api.js";
import { attempt, byId, el, table } from "./dom.js";

const EVERY = 5000;
const DAYS = 7;

let timer = 0;
let may = false;

export function start(session) {
  may = session.permissions.includes("metadata_change");
  byId("calls-refresh").addEventListener("click", refresh);
  byId("calls-follow").addEventListener("change", follow);
}

export function shown() {
  refresh();
}

function follow() {
  clearInterval(timer);
  if (byId("calls-follow").checked) timer = setInterval(() => byId("calls").hidden || refresh(), EVERY);
}

function refresh() {
  return attempt(byId("calls"), async () => {
    if (!may) throw new Error("Calls are shown to a token that has metadata_change.");
    const [calls, usage] = await Promise.all([
      api("GET", "/console/calls"),
      api("GET", "/reports/namespace-summary", undefined, period()),
    ]);
    byId("calls-table").replaceChildren(calls.length ? latest(calls) : none("No call went through the gateway since this server started."));
    byId("usage-table").replaceChildren(usage.details.length ? byDay(usage.details) : none("The vault was not called."));
  });
}

const none = (text) => el("p", { class: "note" }, text);

function period() {
  const day = (ago) => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10);
  return { start_date: day(DAYS - 1), end_date: day(0) };
}

function latest(calls) {
  const rows = calls.map(({ receipt, ...call }) => [
    [call.time, "figure"],
    call.owner,
    call.provider + call.path,
    call.shadow ? `${receipt.outcome}, shadow` : receipt.outcome,
    Object.entries(receipt.masked).map(([entity, count]) => `${entity} ${count}`).join(", ") || "nothing",
    [`${receipt.restored + receipt.repaired}`, "figure"],
    [`${receipt.unknown}`, "figure"],
    [`${(receipt.mask_ms + receipt.restore_ms).toFixed(1)} ms`, "figure"],
    receipt.policy,
  ]);
  return table(["Time (UTC)", "Caller", "Call", "Outcome", "Masked", "Restored", "Unknown", "Added", "Policy"], rows);
}

function byDay(details) {
  const rows = [...details].reverse().map((one) => [
    [one.date, "figure"], one.api_type, one.status, [`${one.count}`, "figure"],
  ]);
  return table(["Day", "Call", "Status", "Count"], rows);
}
