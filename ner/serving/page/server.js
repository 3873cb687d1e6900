// What the page asks the server. Addresses are relative, so that the page also works below a prefix.

export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export const describe = (token) => call("model", token);
export const tag = (token, text, readings) => call("tag", token, { text, n_best: readings, probabilities: true });
export const inspect = (token, tokens) => call("inspect", token, { tokens });

async function call(address, token, body) {
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  const asked = body
    ? { method: "POST", headers: { ...headers, "Content-Type": "application/json" }, body: JSON.stringify(body) }
    : { headers };
  let answer;
  try {
    answer = await fetch(address, asked);
  } catch {
    throw new Refused(0, "The server does not answer.");
  }
  if (!answer.ok) throw new Refused(answer.status, await reason(answer));
  return answer.json();
}

async function reason(answer) {
  try {
    const { detail } = await answer.json();
    return typeof detail === "string" ? detail : detail.map((fault) => fault.msg).join("; ");
  } catch {
    return `The server answers ${answer.status}.`;
  }
}
