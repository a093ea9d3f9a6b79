// Edit a policy; the server says at once what is wrong with it, and what it would mask.

import { api } from "./api.js";
import { attempt, byId, el } from "./dom.js";
import { marked } from "./marks.js";

const PAUSE = 250; // milliseconds without a key before the server is asked

const FRESH = `name = "my-policy"
extends = "default"

# What differs from "default" stands here, for example:
# allow = ["Acme Corp"]
#
# [entities.URL]
# action = "exclude"
#
# [custom.EMPLOYEE_ID]
# patterns = ["EMP-[0-9]{6}"]
`;

let loaded = null; // the name and fingerprint of what is being edited, null for a new one
let asked = 0;
let timer = 0;
let names = () => {};

export function start(session, refreshPolicies) {
  names = refreshPolicies;
  const section = byId("policies");
  const may = session.permissions.includes("metadata_change");
  for (const id of ["policy-load", "policy-new", "policy-delete"]) byId(id).disabled = !may;
  byId("policy-load").addEventListener("click", () => attempt(section, load));
  byId("policy-new").addEventListener("click", () => attempt(section, async () => begin(FRESH, null)));
  byId("policy-delete").addEventListener("click", () => attempt(section, remove));
  byId("policy-form").addEventListener("submit", (event) => {
    event.preventDefault();
    if (!byId("policy-save").disabled) attempt(section, save);
  });
  for (const id of ["policy-source", "policy-sample"]) byId(id).addEventListener("input", soon);
  if (may) begin(FRESH, null);
  else verdict("bad", ["Policies are changed with a token that has metadata_change."]);
  byId("policy-source").readOnly = !may;
}

async function load() {
  const name = byId("policy-name").value;
  const found = await api("GET", "/console/policy", undefined, { policy_name: name });
  begin(found.source, { name, fingerprint: found.fingerprint });
}

function begin(source, from) {
  loaded = from;
  byId("policy-source").value = source;
  check();
}

function soon() {
  byId("policy-save").disabled = true; // until the server has seen what stands there now
  clearTimeout(timer);
  timer = setTimeout(check, PAUSE);
}

async function check() {
  const mine = ++asked;
  const source = byId("policy-source").value;
  const sample = byId("policy-sample").value;
  try {
    const found = await api("PUT", "/console/policy/check", { source });
    if (mine !== asked) return;
    byId("policy-save").disabled = found.mistakes.length > 0;
    if (found.mistakes.length) {
      byId("policy-preview").replaceChildren("Nothing yet: the policy has mistakes.");
      return verdict("bad", found.mistakes);
    }
    verdict("good", [`This works. It would be kept as ${found.name}.`]);
    const spans = sample ? await api("PUT", "/console/explain", { text: sample, source }) : [];
    if (mine === asked) byId("policy-preview").replaceChildren(...marked(sample, spans));
  } catch (error) {
    if (mine === asked) verdict("bad", [error.message]);
  }
}

function verdict(kind, sayings) {
  const box = byId("policy-verdict");
  box.className = `verdict ${kind}`;
  box.replaceChildren(sayings.length > 1
    ? el("ul", {}, ...sayings.map((one) => el("li", {}, one)))
    : el("p", {}, sayings[0]));
}

async function save() {
  const source = byId("policy-source").value;
  const kept = await api("PUT", "/console/policy", { source, replaces: loaded?.fingerprint });
  loaded = kept;
  await names(kept.name);
  return `Kept as ${kept.name}. It acts on the next request.`;
}

async function remove() {
  const name = byId("policy-name").value;
  if (!confirm(`Delete the policy ${name}? Its tokens can still be turned back.`)) return "";
  await api("PUT", "/metadata/policy/delete", { data: { policy_name: name } });
  if (loaded?.name === name) loaded = null;
  await names();
  return `Deleted ${name}.`;
}
