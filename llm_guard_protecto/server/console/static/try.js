// Try a text under a policy: what is found, what leaves, and back again.

import { api } from "./api.js";
import { attempt, byId, el, table } from "./dom.js";
import { FAMILIES, familyOf, marked, maskedText, shown, slice } from "./marks.js";

let item = null;

export function start(session) {
  const section = byId("try");
  byId("try-form").addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(section, mask);
  });
  byId("try-back").addEventListener("click", () => attempt(section, back));
  byId("try-copy").addEventListener("click", () => attempt(section, copy));
  byId("try-back").hidden = !session.permissions.includes("unmask");
}

async function mask() {
  const text = byId("try-text").value;
  const policy_name = byId("try-policy").value;
  const [[masked], found] = await Promise.all([
    api("PUT", "/mask", { mask: [{ value: text }], policy_name }),
    api("PUT", "/console/explain", { text, policy_name }),
  ]);
  item = { ...masked, policy_name };
  show(found);
}

function show(found) {
  byId("try-result").hidden = false;
  byId("try-restored-part").hidden = true;
  byId("try-back").disabled = byId("try-copy").disabled = false;
  byId("try-marked").replaceChildren(...marked(item.value, found));
  byId("try-masked").replaceChildren(...maskedText(item));
  byId("try-legend").replaceChildren(...legend(found));
  byId("try-found").replaceChildren(found.length ? finds(found) : el("p", { class: "note" }, "Nothing was found."));
  byId("try-toxicity").replaceChildren(...meters(item.toxicity_analysis));
}

function legend(found) {
  const counts = {};
  for (const one of found) {
    const kind = one.outcome === "masked" ? familyOf(one.pii_type) : "left";
    if (kind !== "left" || ["excluded", "allowed"].includes(one.outcome)) counts[kind] = (counts[kind] ?? 0) + 1;
  }
  const names = { ...FAMILIES, left: "left in clear" };
  return Object.keys(names).filter((kind) => counts[kind]).map((kind) => el("li", { class: kind }, `${names[kind]}: ${counts[kind]}`));
}

function finds(found) {
  const rows = found.map((one) => {
    const token = item.individual_tokens.find((two) => two.start_pos === one.start_pos && two.end_pos === one.end_pos);
    const masked = one.outcome === "masked" && token;
    return [
      one.pii_type,
      [shown(slice(item.value, one.start_pos, one.end_pos)), "code"],
      [masked ? token.prefix + token.token + token.suffix : "", "code"],
      masked && token.reversible === false ? "masked for good" : one.outcome,
      [`${one.score.toFixed(3)} (from ${one.threshold})`, "figure"],
      one.near.length ? `${one.rule}; near ${one.near.join(", ")}` : one.rule,
      [`${one.start_pos}–${one.end_pos}`, "figure"],
    ];
  });
  return table(["Entity", "Text", "Becomes", "Outcome", "Score", "Rule", "Place"], rows);
}

function meters(scores) {
  if (!scores) return [el("p", { class: "note" }, "This policy does not score.")];
  return Object.entries(scores).flatMap(([name, score]) => {
    const label = name.replaceAll("_", " ");
    return [
      el("span", {}, label),
      el("meter", { min: 0, max: 1, low: 0.3, high: 0.7, optimum: 0, value: score, "aria-label": label }),
      el("span", { class: "figure" }, score.toFixed(3)),
    ];
  });
}

async function back() {
  const asked = { unmask: [{ token_value: item.token_value }], policy_name: item.policy_name };
  const [restored] = await api("PUT", "/unmask", asked);
  byId("try-restored").textContent = shown(restored.value);
  byId("try-restored-part").hidden = false;
  return restored.value === item.value ? "To the character what you wrote." : "Not what you wrote: some of it cannot be turned back.";
}

async function copy() {
  await navigator.clipboard.writeText(item.token_value);
  return "Copied.";
}
