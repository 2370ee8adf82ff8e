// Save the view: a picture, a drawing, or this page with what it shows as one file.
"use strict";
(() => {
  const { el, t, language, theme, drawing, raster } = jumok;
  const LIMIT = 6e6;  // bytes of weights in a file
  const ATONCE = 4;  // requests

  function download(blob, name) {
    const url = URL.createObjectURL(blob);
    const link = el("a", { href: url, download: name });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
  }

  const named = (panel, ending) => `${panel.look.model.name.replace(/[^\p{L}\p{N}._-]+/gu, "-").slice(0, 60) || "jumok"}.${ending}`;

  async function sources() {  // the style sheet and the scripts of this page
    const scripts = [...document.querySelectorAll("script")].filter((script) => script.type !== "application/json");
    const read = async (url) => (await fetch(url)).text();
    const style = document.querySelector('link[rel="stylesheet"]');
    return {
      style: style ? await read(style.href) : document.querySelector("style").textContent,
      scripts: await Promise.all(scripts.map((script) => (script.src ? read(script.src) : script.textContent))),
    };
  }

  async function gather(panel, tell) {  // all weights of the attention that is shown, as float32 in base64
    const { attention, queries, keys, source, answer } = panel;
    const kept = source.embedded?.packed?.[attention.id];
    if (kept) return kept;
    const heads = attention.layers.map((layer) => layer.heads), H = heads.reduce((a, b) => a + b, 0);
    const T = queries.count, S = keys.count;
    if (4 * H * T * S > LIMIT || !source.live) return null;
    const data = new Float32Array(H * T * S), waiting = Array.from({ length: T }, (_, i) => i);
    let done = 0;
    const work = async () => {
      while (waiting.length) {
        const q = waiting.shift();
        const row = (await source.get(panel.path("row", { query: q }))).weights;
        row.flat().forEach((weights, h) => data.set(weights, (h * T + q) * S));
        tell(Math.round((100 * ++done) / T));
      }
    };
    await Promise.all(Array.from({ length: ATONCE }, work));
    return { answer, heads, T, S, pool: [1, 1], kind: "float32", data: base64(new Uint8Array(data.buffer)) };
  }

  function base64(bytes) {
    let text = "";
    for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
    return btoa(text);
  }

  function known(panel, packed) {  // the details that were asked for, within the limit
    const details = { ...(panel.source.embedded?.details || {}) };
    let size = 0;
    for (const [path, answer] of [...panel.source.answers].reverse()) {
      if (answer.value === undefined || (packed && path.startsWith("/api/row") && path.includes(`attention=${encodeURIComponent(panel.attention.id)}`))) continue;
      size += JSON.stringify(answer.value).length;
      if (size > LIMIT) break;
      details[path] = answer.value;
    }
    return details;
  }

  async function lookOf(panel, tell) {
    await panel.source.get(panel.path("check")).catch(() => null);
    if (panel.steps && panel.source.live) await panel.source.get(panel.path("steps")).catch(() => null);
    const packed = panel.attention ? await gather(panel, tell) : null;
    return { document: panel.look, details: known(panel, packed), packed: { ...(panel.source.embedded?.packed || {}), ...(packed ? { [panel.attention.id]: packed } : {}) } };
  }

  const harmless = (value) => JSON.stringify(value).replace(/</g, "\\u003c").replace(/\u2028/g, "\\u2028").replace(/\u2029/g, "\\u2029");

  async function hash(text) {
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
    return `'sha256-${base64(new Uint8Array(digest))}'`;
  }

  async function offline(app, tell) {
    const { style, scripts } = await sources();
    const looks = [];
    for (const panel of app.panels) if (panel.look) looks.push(await lookOf(panel, tell));
    const allowed = crypto.subtle ? (await Promise.all(scripts.map(hash))).join(" ") : "'unsafe-inline'";
    const policy = `default-src 'none'; script-src ${allowed}; style-src 'unsafe-inline'; img-src data: blob:`;
    const close = "<" + "/script>";
    const title = el("b", { text: document.title }).innerHTML;
    return `<!doctype html>\n<html lang="${language.now}" data-theme="${theme.dark ? "dark" : "light"}"><head><meta charset="utf-8">`
      + `<meta http-equiv="Content-Security-Policy" content="${policy}"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${title}</title>`
      + `<style>${style}</style></head><body><div id="app"></div><div id="live" class="unseen" role="status" aria-live="polite"></div>`
      + `<script type="application/json" id="jumok-data">${harmless({ title: document.title, looks })}${close}`
      + scripts.map((script) => `<script>${script}${close}`).join("\n") + "</body></html>\n";
  }

  function saveMenu(app) {
    const note = el("p", { class: "quiet", role: "status", text: "" });
    const doing = (work) => async () => {
      try {
        note.textContent = "";
        await work(app.active.look ? app.active : app.panels[0]);
        note.textContent = t("saved");
      } catch (error) {
        note.textContent = error.message;
      }
    };
    const item = (word, work, help) => el("button", { type: "button", role: "menuitem", onclick: doing(work) }, el("span", { text: t(word) }), help ? el("small", { class: "quiet", text: t(help) }) : null);
    const menu = el("details", { class: "menu", onkeydown: (event) => {
      if (event.key !== "Escape" || !menu.open) return;
      event.stopPropagation();
      menu.open = false;
      menu.firstChild.focus();
    } }, el("summary", { text: t("save") }),
    el("div", { class: "card", role: "menu" },
      item("savePng", async (panel) => download(await raster(drawing(panel)), named(panel, "png"))),
      item("saveSvg", (panel) => download(new Blob([drawing(panel).text], { type: "image/svg+xml" }), named(panel, "svg"))),
      item("saveHtml", async (panel) => download(new Blob([await offline(app, (p) => { note.textContent = t("saving", p); })], { type: "text/html" }), named(panel, "html")), "saveHtmlHelp"), note));
    document.addEventListener("pointerdown", (event) => { if (!menu.contains(event.target)) menu.open = false; });
    return menu;
  }

  Object.assign(jumok, { saveMenu, offline });
})();
