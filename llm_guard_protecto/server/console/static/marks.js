// Texts with marks in them. Positions count Unicode characters, as the server's do.

import { el } from "./dom.js";

let families = {};

export const FAMILIES = {
  person: "people", contact: "contact", place: "places", organisation: "organisations",
  number: "numbers", secret: "secrets", context: "context", own: "the policy's own",
};

export const learnFamilies = (known) => { families = known; };
export const familyOf = (entity) => families[entity] ?? "own";

/** Control characters made visible; a line break stays one. */
export const shown = (text) =>
  text.replace(/[\0-\x08\x0b-\x1f\x7f]/g, (one) => String.fromCharCode(0x2400 + Math.min(one.charCodeAt(0), 0x21)));

/** The text of `[start, end)`, counted in characters. */
export const slice = (text, start, end) => [...text].slice(start, end).join("");

/** A text with what was found in it: filled what is masked, dashed what the policy leaves. */
export function marked(text, found) {
  const characters = [...text];
  const part = (start, end) => shown(characters.slice(start, end).join(""));
  const nodes = [];
  let at = 0;
  for (const one of found) {
    if (!["masked", "excluded", "allowed"].includes(one.outcome) || one.start_pos < at) continue;
    const kind = one.outcome === "masked" ? familyOf(one.pii_type) : "left";
    nodes.push(part(at, one.start_pos),
      el("mark", { class: kind, title: `${one.pii_type}, ${one.outcome}, score ${one.score}, rule ${one.rule}` },
        part(one.start_pos, one.end_pos), el("small", {}, one.pii_type)));
    at = one.end_pos;
  }
  return [...nodes, part(at, characters.length)];
}

/** A masked text, its tokens marked, the wrapper apart from what stands in it. */
export function maskedText(item) {
  const characters = [...item.value];
  const tokens = [...item.individual_tokens].sort((a, b) => a.start_pos - b.start_pos);
  const nodes = [];
  let at = 0;
  let told = "";
  for (const one of tokens) {
    const before = characters.slice(at, one.start_pos).join("");
    told += before + one.prefix + one.token + one.suffix;
    nodes.push(shown(before), token(one.prefix, one.token, one.suffix, familyOf(one.pii_type)));
    at = one.end_pos;
  }
  const rest = characters.slice(at).join("");
  return told + rest === item.token_value ? [...nodes, shown(rest)] : [shown(item.token_value)];
}

/** A text in which whatever looks like one of our tokens is marked: for what a provider saw. */
export function tokensIn(text) {
  const nodes = [];
  let at = 0;
  for (const one of text.matchAll(/(<([A-Z][A-Z0-9_]*)>)(.+?)(<\/\2>)/gs)) {
    nodes.push(shown(text.slice(at, one.index)), token(one[1], one[3], one[4], "context"));
    at = one.index + one[0].length;
  }
  return [...nodes, shown(text.slice(at))];
}

const token = (prefix, core, suffix, kind) =>
  el("mark", { class: kind },
    el("span", { class: "wrapper" }, prefix), el("span", { class: "core" }, core), el("span", { class: "wrapper" }, suffix));
