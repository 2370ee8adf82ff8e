// Save the view: a picture, a drawing, or this page with what it shows as one file.
"use strict";
(() => {
  const { el, t, language, theme, drawing, raster } = jumok;
  const LIMIT = 6e6;  // characters of details that were asked for

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

  async function gather(panel) {  // all weights of all attentions for the answer that is shown, as the server packs them
    const { source } = panel;
    if (!source.live) return source.embedded.packed || {};
    return panel.attention ? source.fetched(panel.path("packed")) : {};
  }

  function base64(bytes) {
    let text = "";
    for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
    return btoa(text);
  }

  function known(panel, packed) {  // the details that were asked for, within the limit; rows of what is packed are there
    const details = { ...(panel.source.embedded?.details || {}) };
    let size = 0;
    for (const [path, answer] of [...panel.source.answers].reverse()) {
      const pack = packed[new URLSearchParams(path.split("?")[1]).get("attention")];
      const repeated = /^\/api\/(row|column|map)/.test(path) && pack && !pack.pool.some((n) => n > 1) && pack.kind === "float32" && path.includes(`answer=${pack.answer}&`);
      if (answer.value === undefined || repeated) continue;
      size += JSON.stringify(answer.value).length;
      if (size > LIMIT) break;
      details[path] = answer.value;
    }
    return details;
  }

  async function lookOf(panel, tell) {
    await panel.source.get(panel.path("check")).catch(() => null);
    if (panel.steps && panel.source.live) await panel.source.get(panel.path("steps")).catch(() => null);
    tell(10);
    const packed = await gather(panel);
    tell(90);
    return { document: panel.look, details: known(panel, packed), packed, state: { settings: panel.settings, focus: panel.focus } };
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
