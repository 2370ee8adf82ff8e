// Elements, texts, numbers, the theme: what every part uses.
"use strict";
(() => {
  const SVG = "http://www.w3.org/2000/svg";

  function fill(node, options, children) {
    for (const [key, value] of Object.entries(options || {})) {
      if (value === undefined || value === null || value === false) continue;
      if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
      else if (key === "text") node.textContent = value;
      else if (key === "class") node.setAttribute("class", value);
      else if (key === "style") for (const [k, v] of Object.entries(value)) node.style.setProperty(k, v);
      else node.setAttribute(key, value === true ? "" : value);
    }
    node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
    return node;
  }
  const el = (tag, options, ...children) => fill(document.createElement(tag), options, children);
  const svg = (tag, options, ...children) => fill(document.createElementNS(SVG, tag), options, children);

  const memory = {  // what the browser remembers, where it may
    get(key) { try { return localStorage.getItem(`jumok.${key}`); } catch { return null; } },
    set(key, value) { try { localStorage.setItem(`jumok.${key}`, value); } catch { /* a file or a frame */ } },
  };

  const language = {
    now: "en",
    choose(name) {
      language.now = jumok.words[name] ? name : "en";
      document.documentElement.lang = language.now;
    },
  };
  function t(key, ...values) {
    const text = jumok.words[language.now][key] ?? jumok.words.en[key];
    return typeof text === "function" ? text(...values) : text;
  }
  const said = (text) => (typeof text === "string" ? text : text?.[language.now] ?? text?.en ?? "");  // {en, ko} of the server

  const theme = {
    dark: false,
    choose(dark) {
      theme.dark = dark;
      document.documentElement.dataset.theme = dark ? "dark" : "light";
      colours.clear();
    },
  };
  const colours = new Map();
  function colour(name) {  // a colour of the style sheet, for canvases and drawings
    if (!colours.has(name)) colours.set(name, getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim());
    return colours.get(name);
  }

  const exact = (w) => (w === null || w === undefined || Number.isNaN(w) ? "–" : w.toFixed(4));
  function brief(x) {  // a measured value: three digits, without zeros at the end
    if (x === null || x === undefined || !Number.isFinite(x)) return "–";
    const size = Math.abs(x);
    const text = size !== 0 && (size >= 1e6 || size < 1e-3) ? x.toExponential(2).replace("e+", "e") : String(Number(x.toPrecision(size >= 100 ? 5 : 3)));
    return text.replaceAll("-", "−");
  }
  function within(x, span) {  // a measured value, with so many digits that it differs within a span
    const digits = Math.ceil(-Math.log10(span || 1)) + 1;
    return digits > 6 || Math.abs(x) >= 1e6 ? brief(x) : x.toFixed(Math.max(0, digits)).replaceAll("-", "−");
  }
  const signed = (x) => x === 0 ? "0" : `${x > 0 ? "+" : x < 0 ? "−" : "±"}${Math.abs(x).toFixed(Math.abs(x) < 0.1 ? 3 : 2)}`;
  const minus = (text) => (Number(text) === 0 ? text.replace("-", "") : text.replace("-", "−"));
  function small(x) {  // 3e-8
    if (!x) return "0";
    return x.toExponential(0).replace("e-", "e−").replace("e+", "e");
  }

  function largest(weights) {
    let most = 0;
    for (const w of weights) if (w > most) most = w;
    return most;
  }
  function strongest(weights, k) {  // the positions of the k largest, first the largest
    const order = Array.from(weights.keys());
    return order.sort((a, b) => weights[b] - weights[a] || a - b).slice(0, k);
  }

  let saying;
  function announce(text, after = 250) {
    clearTimeout(saying);
    saying = setTimeout(() => { document.getElementById("live").textContent = text; }, after);
  }

  const once = (work) => {  // several calls within a frame are one
    let waiting = false;
    return () => {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => { waiting = false; work(); });
    };
  };

  async function copy(text) {
    try { await navigator.clipboard.writeText(text); return; } catch { /* a frame may not */ }
    const area = el("textarea", { class: "unseen" });
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }

  function choices(name, options, chosen, choose) {  // a row of radio buttons: [[value, text, title?, tag?], …]
    const group = el("div", { class: "choices", role: "radiogroup", "aria-label": name });
    const pick = (value, focus) => {
      for (const button of group.children) {
        const is = button.dataset.value === String(value);
        button.setAttribute("aria-checked", is);
        button.tabIndex = is ? 0 : -1;
        if (is && focus) button.focus();
      }
    };
    options.forEach(([value, text, title, tag], i) => {
      const button = el("button", {
        type: "button", role: "radio", "data-value": value, title,
        onclick: () => { pick(value); choose(value); },
        onkeydown: (event) => {
          const move = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
          if (!move) return;
          event.preventDefault();
          event.stopPropagation();
          const next = options[(i + move + options.length) % options.length][0];
          pick(next, true);
          choose(next);
        },
      }, el("span", { text }), tag ? el("small", { class: "tag", text: tag }) : null);
      group.append(button);
    });
    pick(chosen);
    group.pick = pick;
    return group;
  }

  const remembered = memory.get("language");
  language.choose(remembered || ((navigator.language || "en").startsWith("ko") ? "ko" : "en"));
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const chosen = memory.get("theme");
  theme.choose(chosen ? chosen === "dark" : dark.matches);
  dark.addEventListener("change", () => {
    if (memory.get("theme")) return;
    theme.choose(dark.matches);
    document.dispatchEvent(new Event("jumok:theme"));
  });

  Object.assign(jumok, {
    axes: {}, surfaces: {}, outputs: {}, fields: {},  // by kind: one file each
    el, svg, t, said, memory, language, theme, colour, exact, brief, within, signed, minus, small, largest, strongest, announce, once, copy, choices,
  });
})();
