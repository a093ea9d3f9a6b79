// The page of the example: what is said becomes text, never markup.

const byId = (id) => document.getElementById(id);
let viewers = [];
let asking = false;

const viewer = () => viewers.find(({ token }) => token === byId("viewer").value);

async function call(method, path, body) {
  const answer = await fetch(path, {
    method,
    headers: { authorization: `Bearer ${byId("viewer").value}`, "content-type": "application/json" },
    body: body && JSON.stringify(body),
  }).catch(() => {
    throw new Error("The server cannot be reached.");
  });
  if (!answer.ok) {
    const said = await answer.json().catch(() => ({}));
    throw new Error(typeof said.detail === "string" ? said.detail : `The server answered ${answer.status}.`);
  }
  return answer;
}

async function attempt(work) {
  byId("problem").hidden = true;
  try {
    await work();
  } catch (error) {
    byId("problem").textContent = error.message;
    byId("problem").hidden = false;
  }
}

function said(role, text) {
  const box = document.createElement("p");
  box.className = role;
  const who = document.createElement("span");
  who.className = "who";
  who.textContent = role === "user" ? "Customer" : "Bot";
  const words = document.createElement("span");
  words.textContent = text;
  box.append(who, words);
  byId("log").append(box);
  byId("log").scrollTop = byId("log").scrollHeight;
  return words;
}

async function show() {
  const path = `chats/${byId("customer").value}${byId("stored").checked ? "/stored" : ""}`;
  const messages = await (await call("GET", path)).json();
  byId("log").replaceChildren();
  for (const { role, content } of messages) said(role, content);
}

async function send() {
  const text = byId("text").value;
  said("user", text);
  const words = said("assistant", "…");
  try {
    const answer = await call("POST", `chats/${byId("customer").value}`, { text });
    byId("text").value = "";
    words.textContent = "";
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      words.textContent += value;
      byId("log").scrollTop = byId("log").scrollHeight;
    }
  } finally {
    await show();
  }
}

function sides() {
  const options = viewer().chats.map((customer) => new Option(customer, customer));
  byId("customer").replaceChildren(...options);
  byId("form").hidden = byId("forget").hidden = !viewer().writes;
}

byId("viewer").addEventListener("change", () => attempt(async () => (sides(), show())));
byId("customer").addEventListener("change", () => attempt(show));
byId("stored").addEventListener("change", () => attempt(show));
byId("forget").addEventListener("click", () => attempt(async () => {
  await call("DELETE", `chats/${byId("customer").value}`);
  await show();
}));
byId("form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (asking) return;
  asking = true;
  attempt(send).finally(() => (asking = false));
});
byId("text").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  byId("form").requestSubmit();
});

attempt(async () => {
  viewers = await (await call("GET", "viewers")).json();
  byId("viewer").replaceChildren(...viewers.map(({ token, title }) => new Option(title, token)));
  sides();
  await show();
});
