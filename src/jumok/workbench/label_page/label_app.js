// The page: its head, the list, the item that is open, and the panels; and what it hears of changes elsewhere.
"use strict";
(() => {
  const { el, t, said, memory, language, theme, choices, announce, ask, post, Refused, Drafts, Saver, Items, ItemList, Desk, ClassPanel, ObjectPanel, TrainingPanel, SaveStatus, EarlierChanges, ConflictBar, Keys, helpDialog } = jumok;
  const EACH = 2000;  // milliseconds between questions for changes
  const LOADED = 30;  // questions until a new model is there
  const LOOK = 4;  // questions until drafts are looked for again
  const LOAD_AFTER = 3000;  // milliseconds that changes of others are gathered
  const MORE_ROOM = "(max-width: 900px)";

  class LabelPage {
    constructor(root) {
      Object.assign(this, { root, seen: 0, away: false });
      this.keys = new Keys(this);
      addEventListener("hashchange", () => this.openAddress());
      addEventListener("focus", () => this.poll());
      document.addEventListener("visibilitychange", () => { this.desk?.finish(); if (!document.hidden) this.poll(); });
      addEventListener("pagehide", () => this.desk?.finish());
      addEventListener("beforeunload", (event) => {
        this.desk?.finish();
        if (this.status?.unsaved) event.preventDefault();
      });
      document.addEventListener("jumok:theme", () => this.repaint());
    }

    async start() {
      try { this.session = await ask("session"); } catch (error) { this.failToStart(error); return; }
      const { session } = this;
      this.drafts = new Drafts(`${session.place}|${session.split}`);
      await this.drafts.begin();
      this.items = new Items(session, () => this.itemsChanged());
      this.saver = new Saver(session.place, this.drafts, (record) => this.heard(record));
      this.items.unsaved = () => new Set(this.saver.open.keys());
      try { await this.items.load(); } catch (error) { this.failToStart(error); return; }
      this.desk = new Desk({ session, items: this.items, saver: this.saver, hooks: {
        shown: () => this.shown(), changed: () => this.refresh(), refresh: () => this.refresh(), hint: (text) => this.hint(text), next: () => this.go(1),
        fail: (key, error) => this.complain(`${key}: ${error instanceof Refused ? error.message : t("away")}`), notice: (text) => this.notice(text),
      } });
      this.build();
      if (!(await this.openAddress())) {
        const why = this.note.hidden ? "" : this.note.textContent;
        await this.open(this.items.nextUnlabelled(null) ?? this.items.keys[0]);
        if (why) this.notice(why);
      }
      await this.earlier.look();
      this.poll();
    }

    failToStart(error) {
      const text = error instanceof Refused ? error.message : t("away");
      this.root.replaceChildren(el("main", {}, el("p", { class: "message", role: "alert" }, text), el("button", { type: "button", text: t("again"), onclick: () => this.start() })));
    }

    // What is drawn

    build() {
      const { session, items, desk, saver, drafts } = this;
      document.title = `${session.name} · jumok label`;
      document.body.classList.add("labelling");
      this.training?.close();
      const open = (key) => this.open(key);
      this.list = new ItemList({ items, session, open });
      this.status = new SaveStatus({ saver, desk, open });
      this.conflict = new ConflictBar(desk);
      this.earlier = Object.assign(new EarlierChanges({ drafts, saver, desk, items }), { found: this.earlier?.found ?? [] });
      this.earlier.show();
      const marked = ["objects", "mask", "stretches"].includes(session.kind);
      this.classPanel = marked ? new ClassPanel({ session, items, desk, choose: (name) => this.chooseClass(name), add: (name) => this.addClass(name) }) : null;
      this.objectPanel = marked && session.kind !== "mask" ? new ObjectPanel({ session, desk }) : null;
      this.training = new TrainingPanel({ session, desk, trained: () => this.trained(), flush: () => this.flush() });
      const side = [this.classPanel, this.objectPanel, this.training].filter(Boolean).map((panel) => panel.node);
      this.root.replaceChildren(this.head(), el("div", { class: "desk" }, this.left(), this.middle(), el("aside", { class: "side-panels", "aria-label": t("panels") }, side)));
      this.list.choose(desk.key);
      this.itemsChanged();
    }

    head() {
      const { session } = this;
      const button = (word, title, click, more) => el("button", { type: "button", text: t(word), title: t(title), onclick: click, ...more });
      this.progress = el("progress", { max: 1, value: 0, "aria-label": t("progress") });
      this.progressText = el("span", { class: "number" });
      return el("header", { class: "head" },
        el("h1", {}, el("span", { class: "mark", "aria-hidden": "true" }), "jumok label"),
        el("span", { class: "quiet place", title: session.place, text: [session.name, session.format, session.split].filter(Boolean).join(" · ") }),
        el("div", { class: "progress-of" }, this.progress, this.progressText), this.status.node,
        el("nav", { "aria-label": t("pageNav") },
          button("language", "languageTitle", () => { language.choose(language.now === "en" ? "ko" : "en"); memory.set("language", language.now); this.rebuild(); }, { lang: language.now === "en" ? "ko" : "en", class: "language" }),
          button(theme.dark ? "light" : "dark", "themeTitle", () => { theme.choose(!theme.dark); memory.set("theme", theme.dark ? "dark" : "light"); this.repaint(); }, { class: "theme" }),
          button("help", "helpTitle", () => this.help(), { class: "help" })));
    }

    rebuild() {
      this.desk.finish();
      this.build();
      if (this.desk.record) this.desk.mount(this.desk.record);
      this.desk.showProposals();
    }

    repaint() {
      const toggle = this.root.querySelector("button.theme");
      if (toggle) toggle.textContent = t(theme.dark ? "light" : "dark");
      this.desk?.show();
      this.training?.ask();
    }

    left() {
      const { items, session } = this, { filter } = items;
      const field = (label, control) => el("label", { class: "select" }, el("span", { class: "quiet", text: label }), control);
      const select = (label, options, now, change) => field(label, el("select", { "aria-label": label, onchange: (event) => change(event.target.value) }, options.map(([value, text]) => el("option", { value, text, selected: value === now }))));
      const choose = (changes) => { items.choose(changes); this.list.node.scrollTop = 0; this.list.choose(this.desk.key); };
      this.searchField = el("input", { type: "search", value: filter.text, placeholder: t("search"), "aria-label": t("search"), oninput: (event) => choose({ text: event.target.value }) });
      this.least = el("input", { type: "number", min: 0, max: 1, step: 0.05, value: filter.least, "aria-label": t("leastScore"), oninput: (event) => choose({ least: Number(event.target.value) }) });
      this.leastField = field(t("leastScore"), this.least);
      const shows = [["all", t("all")], ["U", t("states").U], ["L", t("states").L], ["E", t("states").E], ["unsaved", t("unsavedItems")], ...(session.model ? [["unsure", t("unsureItems")], ["disagreement", t("disagreements")]] : [])];
      const show = async (value) => {
        if (value === "unsure" || value === "disagreement") {
          this.orderSelect.value = value;
          await this.sort(value);
          if (!filter.least) this.least.value = filter.least = 0.5;
          choose({ show: "scored" });
        } else choose({ show: value });
        this.leastField.hidden = filter.show !== "scored";
      };
      const orders = session.orders.filter((name) => name === "file" || session.model).map((name) => [name, t("orders")[name]]);
      const order = select(t("order"), orders, filter.order, (value) => this.sort(value));
      this.orderSelect = order.querySelector("select");
      this.showSelect = select(t("show"), shows, filter.show === "scored" ? filter.order : filter.show, show);
      this.leastField.hidden = filter.show !== "scored";
      this.counted = el("p", { class: "quiet number counted", role: "status" });
      const withClasses = session.classes.length > 0;
      const closed = matchMedia(MORE_ROOM).matches;
      return el("details", { class: "left", open: !closed }, el("summary", { class: "quiet", text: t("itemsAndFilters") }),
        el("nav", { class: "card list-card", "aria-label": t("items") }, el("div", { class: "filters" }, this.searchField, this.showSelect,
          withClasses ? select(t("class"), [["", t("anyClass")], ...session.classes.map((one) => [one.name, one.name])], filter.class, (value) => choose({ class: value })) : null, order, this.leastField), this.counted, this.list.none, this.list.node));
    }

    middle() {
      const { desk } = this;
      const button = (text, word, click, more = {}) => el("button", { type: "button", text, title: t(word), "aria-label": t(word), onclick: click, ...more });
      this.title = el("h2", { class: "item-name" });
      this.chip = el("span", { class: "tag" });
      this.jumpField = el("input", { type: "number", min: 1, max: this.items.count, class: "number", "aria-label": t("jump"), title: t("jump"), onchange: (event) => { this.jump(Number(event.target.value)); event.target.blur(); } });
      this.total = el("span", { class: "quiet number" });
      this.undo = button("↶", "undo", () => desk.step(-1));
      this.redo = button("↷", "redo", () => desk.step(1));
      this.empty = el("button", { type: "button", text: t("nothingHere"), title: t("nothingHereTitle"), onclick: () => this.clear() });
      this.hiding = el("button", { type: "button", text: t("hideAll"), title: t("hideAllTitle"), "aria-pressed": String(!desk.marksShown), onclick: () => this.hide() });
      this.copying = el("button", { type: "button", text: t("copyPrevious"), title: t("copyPreviousTitle"), onclick: () => desk.copyPrevious() });
      this.toolBar = el("div", { class: "tools" });
      this.remark = el("p", { class: "remark", hidden: true });
      this.problems = el("ul", { class: "problems", "aria-label": t("problems"), hidden: true });
      this.note = el("div", { class: "notice", role: "status", hidden: true });
      this.hinting = el("p", { class: "hint quiet", role: "status", "aria-live": "polite" });
      return el("main", { class: "middle" }, this.earlier.node, this.conflict.node,
        el("div", { class: "item-head" }, el("div", { class: "bar" }, button("‹", "previousItem", () => this.go(-1), { class: "turn" }), this.jumpField, this.total, button("›", "nextItem", () => this.go(1), { class: "turn" }), el("button", { type: "button", text: t("nextUnlabelled"), title: t("nextUnlabelledTitle"), onclick: () => this.goUnlabelled() })), this.title, this.chip),
        this.remark, this.problems, this.note, el("div", { class: "bar work" }, this.toolBar, this.undo, this.redo, this.empty, this.copying, this.hiding), desk.host, this.hinting);
    }

    tools() {
      const { editor } = this.desk, tools = editor?.tools ?? [];
      const shape = `${tools.map((one) => one.id).join()}|${editor?.current}`;
      if (this.toolBar.dataset.shape === shape) return;
      this.toolBar.dataset.shape = shape;
      const name = (one) => (typeof one.words === "string" ? t(one.words) : said(one.words));
      this.toolBar.replaceChildren(...(tools.length ? [choices(t("tools"), tools.map((one) => [one.id, name(one), `${name(one)} (${one.key})`, one.key]), editor.current, (id) => { editor.tool(id); this.refresh(); })] : []));
    }

    shown() {  // another item, or the same one changed elsewhere
      const { record } = this.desk;
      if (!record || !this.title) return;
      const i = this.items.index.get(record.key);
      this.title.textContent = this.title.title = this.items.names[i];
      this.problems.hidden = !record.problems.length;
      this.problems.replaceChildren(...record.problems.map((text) => el("li", { text: said(text) })));
      this.conflict.update();
      this.list.withImages(this.list.images || Boolean(record.size));
      if (this.list.current !== record.key) { this.note.hidden = true; this.hint(t("hints")[this.session.kind === "values" && !this.session.fields.some((one) => one.kind === "label") ? "texts" : this.session.kind]); }
      this.list.choose(record.key);
      this.refresh();
    }

    refresh() {
      const { desk, items } = this, { record, editor, history } = desk;
      if (!record || !this.title) return;
      const i = items.index.get(record.key), remark = said(items.remarks.get(record.key)) || said(desk.proposals.get(record.key)?.disagreement?.what);
      this.chip.textContent = t("states")[items.states[i]];
      this.chip.className = items.states[i] === "U" ? "tag" : "tag sure";
      this.jumpField.value = i + 1;
      this.total.textContent = t("ofItems", items.count.toLocaleString());
      this.remark.hidden = !remark;
      this.remark.textContent = remark ? t("disagrees", remark) : "";
      this.undo.disabled = desk.host.inert || !(history?.at > 0);
      this.redo.disabled = desk.host.inert || !(history && history.at < history.states.length - 1);
      for (const button of [this.empty, this.copying]) button.disabled = desk.host.inert;
      this.hiding.setAttribute("aria-pressed", !desk.marksShown);
      this.hiding.hidden = this.session.kind === "values";
      this.tools();
      this.classPanel?.update();
      this.objectPanel?.update();
      this.status.update();
      if (editor?.summary) desk.host.setAttribute("aria-label", `${items.names[i]}: ${editor.summary()}`);
    }

    itemsChanged() {
      if (!this.list || !this.desk) return;
      const { items } = this, done = items.labelled;
      this.list.update();
      this.progress.value = items.count ? done / items.count : 0;
      this.progressText.textContent = t("labelledOf", done.toLocaleString(), items.count.toLocaleString());
      const n = items.shown.length, waiting = items.ready < 1 ? t("orderReady", Math.round(100 * items.ready)) : "";
      this.counted.textContent = [n === items.count ? "" : t("shownOf", n.toLocaleString(), items.count.toLocaleString()), waiting].filter(Boolean).join(" · ");
      this.refresh();
    }

    heard(record) {  // of a record that is being saved
      if (record.state === "clean") this.items.set(record.key, record.letter);
      else this.list?.update();
      if (record.state === "conflict" && record === this.desk.record && !this.desk.host.inert) this.desk.showSide("theirs");
      this.conflict?.update();
      this.refresh();
    }

    hint(text) { this.hinting.textContent = this.hinting.title = text ?? ""; }

    notice(text) {
      this.note.textContent = text;
      this.note.hidden = false;
      announce(text, 0);
    }

    complain(text) { this.notice(text); }

    // What is asked for

    async open(key) {
      this.wanted = key;
      const open = await this.desk.open(key);
      if (this.wanted === key) this.wanted = null;
      if (!open) return;
      history.replaceState(null, "", `#key=${encodeURIComponent(key)}`);
    }

    async openAddress() {
      const address = new URLSearchParams(location.hash.slice(1)), asked = address.get("key"), split = address.get("split"), key = this.knownKey(asked);
      if (asked !== null && split !== null && split !== this.session.split) { this.notice(t("otherSplit", asked, split, this.session.split)); return false; }
      if (asked === null || key === this.desk?.key) return asked !== null;
      if (key === null) { this.notice(t("noItem", asked)); return false; }
      await this.desk.open(key);
      return true;
    }

    knownKey(asked) {  // a report may call an item by a longer or shorter path, if it can mean one only
      if (asked === null || this.items.index.has(asked)) return asked;
      const near = this.items.keys.filter((key) => key.endsWith(`/${asked}`) || asked.endsWith(`/${key}`));
      return near.length === 1 ? near[0] : null;
    }

    go(by) {
      const key = this.items.beside(this.wanted ?? this.desk.key, by);
      if (key === undefined) { this.hint(t(by > 0 ? "lastItem" : "firstItem")); this.desk.finish(); return; }
      this.open(key);
    }

    goUnlabelled() {
      const key = this.items.nextUnlabelled(this.wanted ?? this.desk.key);
      if (key === undefined) this.notice(t("allLabelled"));
      else this.open(key);
    }

    jump(number) {
      const key = this.items.keys[number - 1];
      if (key === undefined) this.refresh();
      else this.open(key);
    }

    clear() {
      const many = this.desk.editor?.list().filter((row) => !row.proposal).length ?? 0;
      this.desk.clear();
      this.hint(many ? t("cleared", many) : t("markedEmpty"));
    }

    hide() { this.desk.showMarks(!this.desk.marksShown); }

    classNumber(n) {
      const { editor } = this.desk, one = this.session.classes[n - 1];
      if (editor?.digit) editor.digit(n);
      else if (one && !this.desk.host.inert) this.chooseClass(one.name);
    }

    chooseClass(name) { if (!this.desk.setClass(name)) this.hint(t("classChosen", name)); }

    async addClass(name) {
      const { classes } = await post("class", {}, { name });
      this.session.classes = classes;
      this.rebuild();
      this.chooseClass(name);
    }

    async sort(by) {
      this.orderSelect.value = by;
      try { await this.items.sort(by); } catch (error) { this.notice(error instanceof Refused ? error.message : t("away")); }
      this.list.choose(this.desk.key);
    }

    help() { helpDialog(this.session); }

    async flush() {  // all that can be written is written
      this.desk.finish();
      for (let n = 0; n < 100 && this.status.unsaved; n++) await new Promise((done) => setTimeout(done, 50));
    }

    async trained() {
      announce(t("trained"), 0);
      const before = this.session.model;
      let { model } = await ask("session");
      for (let n = 0; n < LOADED && (model?.run ?? null) === (before?.run ?? null) && model?.name === before?.name; n++) {  // until it is loaded
        await new Promise((done) => setTimeout(done, EACH / 2));
        ({ model } = await ask("session"));
      }
      const first = !before;
      this.session.model = model;
      if (first && model) this.rebuild();  // with the orders that a model gives
      this.desk.forgetProposals();
      this.training.update();
      if (this.items.filter.order !== "file") this.sort(this.items.filter.order);
    }

    // What is heard of others

    async poll() {
      clearTimeout(this.timer);
      const turn = this.polls = (this.polls ?? 0) + 1;
      try {
        const found = await ask("changes", { since: this.items.changed }, { patience: 8000 });
        if (turn !== this.polls) return;
        if (this.away || found.changed < this.items.changed) await this.reload();
        else await this.hear(found);
        this.away = false;
        if (turn % LOOK === 0 && this.earlier.node.hidden) await this.earlier.look();  // of tabs that were closed meanwhile
      } catch (error) { this.away = !(error instanceof Refused); }
      if (turn === this.polls) this.timer = setTimeout(() => this.poll(), EACH);
    }

    async hear({ changed, keys, states, classes }) {
      this.items.changed = changed;
      if (classes && classes.length !== this.session.classes.length) { this.session.classes = classes; this.rebuild(); }
      const foreign = keys.filter((key) => !this.saver.own.has(key));
      this.saver.own.clear();
      for (const key of foreign) if (states[key] && !this.saver.get(key)) this.items.set(key, states[key]);
      if (foreign.length) this.loadSoon();
      await this.desk.heardOf(keys);
    }

    loadSoon() {  // classes of items that others have changed
      this.loading ??= setTimeout(() => { this.loading = null; this.items.load().catch(() => {}); }, LOAD_AFTER);
    }

    async reload() {  // the server was away: anything may have changed
      const { place } = await ask("session");
      if (place !== this.session.place) this.notice(t("otherData", place));
      this.saver.again();
      await this.items.load();
      this.list.choose(this.desk.key);
      await this.desk.heardOf([...this.desk.records.keys()]);
    }
  }

  jumok.page = new LabelPage(document.getElementById("app"));
  jumok.page.start();
})();
