// Building the page. Text only ever becomes text: nothing here makes markup out of a string.

export const byId = (id) => document.getElementById(id);

/** A new element; a child is a node or a text, an attribute `class`, `hidden`, any other, or `on…`. */
export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child != null));
  return made;
}

/** A table; a cell is a text, a node, or `[text or node, class]`. The first of a row is its head. */
export function table(heads, rows) {
  const cell = (content, at) => {
    const [inside, kind] = Array.isArray(content) ? content : [content];
    return at ? el("td", { class: kind }, inside) : el("th", { scope: "row", class: kind }, inside);
  };
  return el("table", {},
    el("thead", {}, el("tr", {}, ...heads.map((head) => el("th", { scope: "col" }, head)))),
    el("tbody", {}, ...rows.map((row) => el("tr", {}, ...row.map(cell)))));
}

/** Say how it went in a section: what is wrong, or what was done. */
export function say(section, { problem = "", done = "" }) {
  const alert = section.querySelector(".problem");
  alert.textContent = problem;
  alert.hidden = !problem;
  const status = section.querySelector(".done");
  if (status) status.textContent = done;
}

/** Do something that may fail; what it fails with is told in the section. */
export async function attempt(section, work) {
  say(section, {});
  section.setAttribute("aria-busy", "true");
  try {
    const done = await work();
    if (done) say(section, { done });
  } catch (error) {
    say(section, { problem: error.message });
  } finally {
    section.removeAttribute("aria-busy");
  }
}
