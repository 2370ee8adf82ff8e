// The page: its head, its inputs, one panel or two, and the keys.
"use strict";
(() => {
  const { el, t, memory, language, theme, Panel, Inputs, Source, Refused, request, saveMenu } = jumok;

  class App {
    constructor(root) {
      this.root = root;
      const kept = document.getElementById("jumok-data");
      this.embedded = kept ? JSON.parse(kept.textContent) : null;
      this.panels = [new Panel(this, 0)];
      this.active = this.panels[0];
      this.values = {};
      this.run = 0;
      this.beside = null;
      this.asked = 0;
      document.addEventListener("keydown", (event) => this.key(event));
      document.addEventListener("paste", (event) => { if (this.inputs?.takeAny(event.clipboardData, event.target)) event.preventDefault(); });
      document.addEventListener("jumok:theme", () => this.repaint());
      for (const kind of ["dragover", "drop"]) document.addEventListener(kind, (event) => { event.preventDefault(); if (kind === "drop") this.dropped(event); });
    }

    async start() {
      if (this.embedded) { this.startOffline(); return; }
      try {
        this.session = await new Source(null).fetched("/api/session");
      } catch (error) {
        this.build();
        this.panels[0].fail(error);
        return;
      }
      if (this.session.runs.length === 2) this.setBeside(1);
      this.build();
      const example = this.session.runs[0].examples?.[0];
      if (example) this.inputs.choose(example);
      else this.inputs.focus();
    }

    startOffline() {
      const looks = this.embedded.looks || [this.embedded];
      this.session = null;
      if (looks.length > 1) this.setBeside(1);
      this.build();
      looks.forEach((look, i) => this.panels[i].load(look.document, new Source(look), look.state));
      if (window.parent !== window) this.tellHeight();
    }

    tellHeight() {  // a frame in a notebook is as high as its page
      new ResizeObserver(() => window.parent.postMessage({ jumokHeight: this.root.getBoundingClientRect().height + 8 }, "*")).observe(this.root);
    }

    setBeside(run) {
      this.beside = run;
      this.panels.length = run === null ? 1 : 2;
      if (run !== null) this.panels[1] ||= new Panel(this, 1);
      if (!this.panels.includes(this.active)) this.active = this.panels[0];
    }

    build() {
      document.title = this.session ? `${this.session.runs[this.run].name} · jumok` : this.embedded?.title || "jumok";
      const live = Boolean(this.session);
      this.inputs = live ? new Inputs({ run: this.session.runs[this.run], values: this.values, submit: (values) => this.look(values) }) : null;
      this.stageNode = el("main", { class: this.panels.length > 1 ? "panels two" : "panels" }, this.panels.map((panel) => panel.node));
      this.root.replaceChildren(this.head(), this.inputs?.node ?? "", this.stageNode);
      for (const panel of this.panels) if (panel.look) panel.build();
    }

    head() {
      const live = Boolean(this.session);
      const button = (word, title, click, more) => el("button", { type: "button", text: t(word), title: t(title), onclick: click, ...more });
      return el("header", { class: "head" },
        el("h1", {}, el("span", { class: "mark", "aria-hidden": "true" }), "jumok ", el("span", { class: "quiet", lang: "ko", text: "주목" })),
        live ? this.runChoices() : el("span", { class: "quiet", text: this.embedded ? this.embedded.title || t("offline") : "" }),
        el("nav", {}, saveMenu(this),
          button("language", "languageTitle", () => { language.choose(language.now === "en" ? "ko" : "en"); memory.set("language", language.now); this.build(); }, { class: "language", lang: language.now === "en" ? "ko" : "en" }),
          button(theme.dark ? "light" : "dark", "themeTitle", () => { theme.choose(!theme.dark); memory.set("theme", theme.dark ? "dark" : "light"); this.repaint(); }, { class: "theme" }),
          button("help", "helpTitle", () => this.help(), { class: "help" })));
    }

    runChoices() {
      const { runs } = this.session;
      if (runs.length < 2) return el("span", { class: "quiet", text: runs[0].name });
      const select = (label, chosen, options, change) => el("label", { class: "select" }, el("span", { class: "quiet", text: label }),
        el("select", { onchange: (event) => change(event.target.value) }, options.map(([value, text]) => el("option", { value, text, selected: value === chosen }))));
      const names = runs.map((run, i) => [i, run.name]);
      return el("div", { class: "runs" },
        select(t("model"), this.run, names, (value) => { this.run = Number(value); this.again(); }),
        select(t("compare"), this.beside ?? "", [["", t("alone")], ...names], (value) => { this.setBeside(value === "" ? null : Number(value)); this.again(); }));
    }

    again() {  // other models, the same input
      const mine = this.session.runs[this.run].inputs.map((input) => input.name);
      for (const name of Object.keys(this.values)) if (!mine.includes(name)) delete this.values[name];
      this.build();
      const ready = this.session.runs[this.run].inputs.every((input) => input.optional || this.values[input.name]);
      if (ready) this.inputs.send();
    }

    async look(values) {
      const mine = ++this.asked;
      const runs = this.beside === null ? [this.run] : [this.run, this.beside];
      this.inputs.button.textContent = t("looking");
      await Promise.all(runs.map(async (run, i) => {
        const panel = this.panels[i];
        panel.wait(true);
        try {
          const source = new Source(null);
          const look = await source.fetched("/api/look", request(run, values));
          if (mine === this.asked) panel.load({ ...look, right: this.rightOf(run, values) }, source);
          if (i === 0) this.inputs.learn(look.inputs);
        } catch (error) {
          if (mine === this.asked) panel.fail(error instanceof Refused ? error : new Refused(t("failed")));
          if (!(error instanceof Refused)) console.error(error);
        }
        if (mine === this.asked) panel.wait(false);
      }));
      if (mine === this.asked) this.inputs.button.textContent = t("look");
    }

    rightOf(run, values) {  // what the test set says of these very inputs
      const { inputs, examples } = this.session.runs[run];
      const same = (a, b) => (a?.example !== undefined ? a.example === b?.example && a.thumbnail === b?.thumbnail : a === b);
      return examples?.find((example) => inputs.every((input) => same(example.inputs[input.name], values[input.name])))?.right ?? null;
    }

    dropped(event) { if (!this.inputs?.node.contains(event.target)) this.inputs?.takeAny(event.dataTransfer); }

    reference(look, name) {  // the right answer, where the input is an example of the test set, and as it came
      const right = look.right?.[name];
      return right?.text ? right : null;
    }

    mirror(from, focus) {  // two panels point at the same
      for (const panel of this.panels) if (panel !== from && panel.attention?.use === from.attention?.use) panel.follow({ ...focus });
    }

    repaint() {
      const button = this.root.querySelector("nav .theme");
      if (button) button.textContent = t(theme.dark ? "light" : "dark");
      for (const { stage, heads, whole, outputs } of this.panels) {
        stage?.layout();
        for (const part of outputs ?? []) part.draw?.();
        heads?.draw();
        whole?.draw();
      }
    }

    help(keysFirst = true) {
      this.dialog?.remove();
      const list = el("dl", { class: "keys" }, t("keys").map(([key, text]) => [el("dt", {}, key.split(" ").map((one) => (one === "/" && key !== "/" ? " / " : el("kbd", { text: one })))), el("dd", { text })]));
      const keys = [el("h3", { text: t("keysTitle") }), list];
      this.dialog = el("dialog", { class: "card", "aria-labelledby": "help-title" },
        el("header", {}, el("h2", { id: "help-title", text: t(keysFirst ? "help" : "tellsTitle") }), el("button", { type: "button", "aria-label": t("close"), text: "×", class: "close", onclick: () => this.dialog.close() })),
        keysFirst ? [...keys, el("h3", { text: t("tellsTitle") })] : null,
        t("tells").map((text) => el("p", { text })),
        el("h3", { text: t("readingTitle") }), el("ul", { class: "reading" }, jumok.reading.map((text) => el("li", { lang: "en", text }))),
        keysFirst ? null : keys);
      this.dialog.addEventListener("click", (event) => { if (event.target === this.dialog) this.dialog.close(); });
      this.root.append(this.dialog);
      this.dialog.showModal();
    }

    key(event) {
      const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
      if (event.key === "Escape") {
        if (typing) event.target.blur();
        else if (!this.dialog?.open && this.active.focus?.pinned) this.active.release();
        return;
      }
      if (typing || this.dialog?.open || event.ctrlKey || event.metaKey || event.altKey) return;
      const panel = this.active;
      const { layer, head } = panel.settings;
      const works = {
        "?": () => this.help(), "/": () => this.inputs?.focus(),
        ...(panel.stage ? {
          "[": () => panel.lookThrough(layer - 1, head), "]": () => panel.lookThrough(layer + 1, head),
          ",": () => panel.lookThrough(layer, head - 1), ".": () => panel.lookThrough(layer, head + 1),
          p: () => panel.togglePin(), P: () => panel.togglePin(),
          ArrowRight: () => panel.step("ArrowRight"), ArrowLeft: () => panel.step("ArrowLeft"),
        } : {}),
      };
      if (!works[event.key]) return;
      event.preventDefault();
      works[event.key]();
    }
  }

  const app = new App(document.getElementById("app"));
  jumok.app = app;
  app.start();
})();
