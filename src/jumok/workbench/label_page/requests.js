// Requests to the server: what it refuses says why; what never answered may or may not have arrived.
"use strict";
(() => {
  const { said } = jumok;
  const PATIENCE = 20_000;  // milliseconds

  class Refused extends Error {
    constructor(status, body) {
      super(said(body?.error) || `HTTP ${status}`);
      Object.assign(this, { status, body, sentence: body?.error ?? this.message });
    }
  }
  class Away extends Error {}

  function address(name, params = {}) {
    const query = new URLSearchParams(params).toString();
    return `api/${name}${query ? `?${query}` : ""}`;
  }

  async function ask(name, params, { method = "GET", body, patience = PATIENCE } = {}) {
    const broken = new AbortController(), timer = setTimeout(() => broken.abort(), patience);
    const headers = { "X-Jumok": "label", ...(body === undefined ? {} : { "Content-Type": "application/json" }) };
    let response, answer;
    try {
      response = await fetch(address(name, params), { method, headers, body: body === undefined ? undefined : JSON.stringify(body), signal: broken.signal });
      answer = await response.text();
    } catch { throw new Away("no answer"); } finally { clearTimeout(timer); }
    let value = null;
    try { value = JSON.parse(answer); } catch { if (response.ok) throw new Away("half an answer"); }
    if (!response.ok) throw new Refused(response.status, value);
    return value;
  }
  const send = (method) => (name, params, body) => ask(name, params, { method, body });

  // A list that is drawn anew keeps the focus of those who work by keys; after a click, keys are for the whole page.
  const focusOf = (list) => (list.contains(document.activeElement) && document.activeElement.matches(":focus-visible") ? document.activeElement.dataset.id ?? null : null);
  const focusAgain = (list, id) => id !== null && [...list.querySelectorAll("[data-id]")].find((node) => node.dataset.id === id)?.focus();

  Object.assign(jumok, { focusOf, focusAgain, Refused, Away, address, ask, post: send("POST"), put: send("PUT") });
})();
