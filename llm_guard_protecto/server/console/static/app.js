// Signing in, moving between the sections, and what they share.

import { api, forgetToken, signedIn, useToken } from "./api.js";
import * as calls from "./calls.js";
import * as chat from "./chat.js";
import { attempt, byId, el } from "./dom.js";
import * as jobs from "./jobs.js";
import { learnFamilies } from "./marks.js";
import * as policies from "./policies.js";
import * as trial from "./try.js";

const SECTIONS = { try: trial, policies, jobs, calls, chat };
const TITLE = document.title;

async function enter() {
  const session = await api("GET", "/console/session");
  learnFamilies(session.families);
  offer(session.policies, session.default_policy);
  for (const part of Object.values(SECTIONS)) part.start(session, renew);
  byId("who").textContent = `${session.owner} in ${session.namespace}: ${session.permissions.join(", ")}`;
  for (const id of ["who", "leave", "nav"]) byId(id).hidden = false;
  byId("sign-in").hidden = true;
  show();
}

/** Ask again which policies there are, and choose one. */
async function renew(chosen) {
  const session = await api("GET", "/console/session");
  offer(session.policies, session.default_policy, chosen);
}

function offer(names, fallback, chosen) {
  for (const select of document.querySelectorAll("select[data-policies]")) {
    const before = chosen ?? select.value;
    select.replaceChildren(...names.map((name) => el("option", { value: name }, name)));
    const known = [before, fallback].find((name) => names.includes(name));
    if (known) select.value = known;
  }
}

function show() {
  const asked = location.hash.slice(1);
  if (!(asked in SECTIONS) && document.querySelector("nav a[aria-current]")) return;
  const name = asked in SECTIONS ? asked : "try";
  for (const other of Object.keys(SECTIONS)) byId(other).hidden = other !== name;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === `#${name}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `${byId(`${name}-title`).textContent} · ${TITLE}`;
  scrollTo(0, 0);
  SECTIONS[name].shown?.();
}

byId("sign-in-form").addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(byId("sign-in"), async () => {
    useToken(byId("token").value.trim(), byId("keep").checked);
    try {
      await enter();
      byId("token").value = "";
      byId("main").focus();
    } catch (error) {
      forgetToken();
      throw error;
    }
  });
});

byId("leave").addEventListener("click", () => {
  forgetToken();
  location.replace(location.pathname); // a fresh page: nothing that was shown stays in memory
});

addEventListener("hashchange", () => {
  if (!byId("nav").hidden) show();
});

addEventListener("keydown", (event) => {
  const form = event.target.closest?.("form");
  if (form && event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    form.requestSubmit();
  }
});

if (signedIn()) attempt(byId("sign-in"), enter);
