// Calls to the server. The token of the session goes with every one.

let token = "";

/** A failed call; `code` is the server's word for it, or "offline". */
export class CallError extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

export async function call(path, body) {
  let response;
  try {
    response = await fetch(`/playground/${path}`, {
      method: "POST",
      credentials: "same-origin",
      headers: { "content-type": "application/json", "x-csrf-token": token },
      body: JSON.stringify(body),
    });
  } catch {
    throw new CallError("offline", "The server cannot be reached.");
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) {
    const error = answer.error ?? {};
    throw new CallError(error.code ?? "unknown", error.message ?? `The server answered ${response.status}.`);
  }
  return answer;
}

/** `{person, guest}` or `{login: true}`. */
export async function session() {
  return adopt(await call("session", {}));
}

export async function login(key) {
  return adopt(await call("login", { key }));
}

function adopt(answer) {
  token = answer.csrf ?? "";
  return answer;
}

/** A name for one gesture: sent again, it is still the same gesture. */
export function freshId(prefix) {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return prefix + Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
