// Calls of the server. The token stays in this module, and in sessionStorage only when asked for.

const KEPT = "llm-guard-token";
let token = sessionStorage.getItem(KEPT) ?? "";

export const signedIn = () => token !== "";

export function useToken(given, keep) {
  token = given;
  if (keep) sessionStorage.setItem(KEPT, given);
  else sessionStorage.removeItem(KEPT);
}

export function forgetToken() {
  token = "";
  sessionStorage.removeItem(KEPT);
}

/** What a route of the vault answers. Throws an `Error` whose message is for people. */
export async function api(method, path, body, query = {}) {
  const url = new URL(`../api/vault${path}`, document.baseURI);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  const answer = await reach(url, {
    method,
    headers: body === undefined ? {} : { "content-type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const said = await answer.json().catch(() => null);
  if (!answer.ok || !said?.success) throw new Error(complaint(answer.status, said));
  return said.data;
}

/** The lines of JSON that a call of the console's chat answers with, one by one. */
export async function* lines(path, body, headers, signal) {
  const url = new URL(path, document.baseURI);
  const all = { "content-type": "application/json", ...headers };
  const answer = await reach(url, { method: "POST", headers: all, body: JSON.stringify(body), signal });
  if (!answer.ok) throw new Error(complaint(answer.status, null));
  let rest = "";
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const parts = (rest + value).split("\n");
    rest = parts.pop();
    for (const line of parts) yield JSON.parse(line);
  }
}

async function reach(url, options) {
  const headers = { ...options.headers, authorization: `Bearer ${token}` };
  try {
    return await fetch(url, { ...options, headers, cache: "no-store", credentials: "omit", redirect: "error" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The server cannot be reached. Is it still running?");
  }
}

function complaint(status, said) {
  if (status === 401) return `The token is not accepted: ${said?.detail ?? "it is wrong, revoked or out of time."}`;
  if (status === 403) return "This token may not do that. It needs another permission.";
  return said?.error?.message || `The server answered ${status}.`;
}
