// One model's look at one input: what is chosen, what is asked for, and its parts.
"use strict";
(() => {
  const { el, t, said, exact, largest, strongest, announce, copy, choices, axisOf, Stage, Heads, Whole, Verdict, Steps, Shares, badge } = jumok;
  const TOP = 8;  // strongest positions that are listed

  class Panel {
    constructor(app, number) {
      Object.assign(this, { app, number });
      this.settings = {};
      this.timings = [];
      this.body = el("div", { class: "content" });
      this.message = el("div", { class: "message", role: "alert", hidden: true });
      this.progress = el("div", { class: "progress", hidden: true });
      this.tip = el("div", { class: "tip number", hidden: true, "aria-hidden": "true" });
      this.node = el("article", { class: "panel", onpointerenter: () => { app.active = this; }, onfocusin: () => { app.active = this; } },
        this.progress, this.message, this.body, this.tip);
    }

    wait(busy) {
      this.progress.hidden = !busy;
      this.body.classList.toggle("stale", busy);
      this.node.setAttribute("aria-busy", busy);
      if (busy) this.fail(null);
    }

    fail(error) {
      this.message.hidden = !error;
      this.message.textContent = error ? error.message : "";
    }

    path(name, more) {
      const query = new URLSearchParams({ look: this.look.id ?? "", answer: this.answer });
      if (!["check", "steps", "packed"].includes(name)) query.set("attention", this.attention.id);
      if (name === "steps") query.delete("answer");
      for (const [key, value] of Object.entries(more || {})) query.set(key, value);
      return `/api/${name}?${query}`;
    }

    load(look, source, state) {  // a saved page opens as it was saved
      const [pack] = Object.values(source.packs);
      Object.assign(this, { look, source, answer: pack?.answer ?? 0, focus: state?.focus ?? null, lastQuery: null });
      Object.assign(this.settings, state?.settings);
      this.fail(null);
      this.build();
    }

    build() {  // everything, in the language of the moment
      const { look } = this;
      const mine = look.attentions.find((one) => one.id === this.settings.attention) || look.attentions.find((one) => one.use === this.settings.use)
        || look.attentions.find((one) => one.use === "cross") || look.attentions[0];
      this.badge = el("span", { class: "badge", hidden: true });
      this.main = el("div", { class: "main" });
      this.body.replaceChildren(
        el("header", { class: "title" }, el("h2", { text: look.model.name }), el("span", { class: "quiet", text: look.model.summary }), this.badge),
        ...this.parts().map((part) => part.node),
        ...jumok.remarks(look), ...(look.nothing ? [jumok.emptiness(look.nothing)] : look.note ? [el("p", { class: "card note", role: "note", text: said(look.note.text) })] : []), this.main);
      if (!mine) { this.bare(); return; }
      badge(this.source, (name) => this.path(name), this.badge);
      this.choose(mine);
    }

    parts() {  // what is shown of each output: {node}, and as its kind needs show(answer), mark(shown), draw(), remove()
      for (const part of this.outputs ?? []) part.remove?.();
      this.outputs = this.look.outputs.map((output) => {
        const draw = jumok.outputs[output.kind] ?? jumok.outputs.text;
        return draw({ output, reference: this.app.reference(this.look, output.name), panel: this });
      }).filter(Boolean);
      return this.outputs;
    }

    answerWith(answer) {
      this.answer = answer;
      for (const part of this.outputs) part.show?.(answer);
      if (!this.attention) return;
      badge(this.source, (name) => this.path(name), this.badge);
      this.choose(this.attention);
    }

    bare() {  // a model without attention: the inputs, and what was found in them
      this.attention = this.stage = null;
      const pixels = this.look.outputs.filter((one) => one.kind === "boxes" || one.kind === "mask");
      const handlers = { hover() {}, leave() {}, pick() {}, move() {}, limit() {}, queriesAreObjects: () => false };
      for (const input of this.look.inputs.filter((one) => !one.absent)) {
        const Surface = jumok.surfaces[input.kind];
        this.main.append(Surface ? el("div", { class: "view looked" }, new Surface({ input, outputs: pixels, handlers, settings: this.settings }).node) : jumok.inputInWords(input));
      }
    }

    attend(output) {  // to an attention of this output
      const of = (one) => one.queries.of === "output" && one.queries.name === output;
      const other = this.attention && !of(this.attention) ? this.look.attentions.find(of) : null;
      if (other) this.choose(other);
    }

    choose(attention) {  // which attention is looked at
      const { settings, look } = this;
      const fits = (layer, head) => head < (attention.layers[layer]?.heads ?? 0);
      this.attention = attention;
      [settings.attention, settings.use] = [attention.id, attention.use];
      if (!fits(settings.layer, settings.head)) [settings.layer, settings.head, settings.own] = [attention.layers.length - 1, 0, false];
      this.queries = axisOf(attention.queries, look, this.answer);
      this.keys = axisOf(attention.keys, look, this.answer);
      if (settings.least !== undefined) this.queries.limit?.(settings.least);
      this.views = this.viewsOf();
      if (!this.views.includes(settings.view)) settings.view = "head";
      for (const part of [this.stage, this.whole, this.heads]) part?.remove();
      const failed = (error) => this.fail(error);
      const path = (name, more) => this.path(name, more), handlers = this.handlers();
      const parts = { attention, queries: this.queries, keys: this.keys, source: this.source, path, settings, handlers, failed };
      this.stage = new Stage({ look, ...parts });
      this.heads = new Heads({ ...parts, choose: (layer, head) => this.lookThrough(layer, head) });
      this.whole = new Whole(parts);
      this.verdict = new Verdict(parts);
      this.shares = new Shares({ look, ...parts, choose: (other) => this.choose(other) });
      const searched = look.outputs.some((one) => one.kind === "text") && (this.source.live || this.source.embedded.details?.[this.path("steps")]);
      this.steps = searched ? new Steps({ ...parts, stepped: (step) => this.stepped(step) }) : null;
      this.arrange();
      if (this.focus && this.focus.index >= (this.focus.kind === "query" ? this.queries : this.keys).count) this.focus = null;
      const fresh = !this.focus;
      this.focus ||= { kind: "query", index: this.firstQuery(), pinned: false };
      this.turnTo(settings.layer, settings.head);
      if (!settings.own) this.begin(fresh);
      else this.update();
    }

    async begin(fresh) {  // with the head that tells most, not one that rests on an end mark; people's own choice stays
      const { stage } = this;
      this.starting = stage;
      const found = await jumok.tellingHead({ attention: this.attention, queries: this.queries, keys: this.keys, source: this.source, path: (name, more) => this.path(name, more) }).catch(() => null);
      if (this.starting !== stage || stage !== this.stage) return;
      this.starting = null;
      if (found) {
        this.turnTo(found.layer, found.head);
        const beside = this.number > 0 ? this.app.panels[0].focus : null;  // two panels point at the same
        if (fresh) this.focus = beside?.kind === "query" && beside.index < this.queries.count ? { ...beside } : { kind: "query", index: found.query, pinned: false };
      }
      this.update();
      if (fresh && this.number === 0) this.app.mirror(this, this.focus);
    }

    viewsOf() {
      const { use, kind } = this.attention, woven = this.queries.kind === "tokens" && this.keys.kind === "tokens";
      return ["head", "mean", use === "cross" || kind === "windows" ? null : "rollout", use === "cross" && woven ? "alignment" : null].filter(Boolean);
    }

    firstQuery() { return this.queries.first(); }

    arrange() {
      const { look, settings } = this;
      const use = (one) => `${t(one.use)}${look.attentions.filter((other) => other.use === one.use).length > 1 ? ` · ${sides(one, look)}${twin(look, one)}` : ""}`;
      this.headTurns = el("div", { class: "turns" });
      const toolbar = el("div", { class: "toolbar" },
        el("div", { class: "bar" }, el("span", { class: "quiet", text: t("attention") }),
          choices(t("attention"), look.attentions.map((one) => [one.id, use(one)]), this.attention.id, (id) => this.choose(look.attentions.find((one) => one.id === id)))),
        el("div", { class: "bar" }, el("span", { class: "quiet", text: t("show") }),
          this.viewChoice = choices(t("show"), this.views.map((view) => [view, t(view), view === "head" ? null : t("derivedTitle"), view === "head" ? null : t("derived")]), settings.view, (view) => { settings.view = view; this.starting = null; this.update(); })),
        this.headTurns);
      this.legend = el("p", { class: "quiet number legend" });
      const hint = this.stage.hint ? t(this.stage.hint) : `${t("hint")} ${t("hintColumn")}`;
      const pack = this.source.packs[this.attention.id], how = this.keptAs();
      const kept = how === "pooledTag" ? t("pooled", ...pack.shares) : how ? t("rounded") : null;
      this.evidence = el("p", { class: "evidence" }, el("span", { text: `${t("evidence")} ` }), el("button", { type: "button", class: "link", text: t("why"), onclick: () => this.app.help(false) }));
      this.side = el("section", { class: "card side" });
      this.main.replaceChildren(toolbar,
        el("div", { class: "view" }, el("div", { class: "looked" }, this.stage.node, this.legend, el("p", { class: "quiet hint", text: hint }), this.shiftNote(), kept ? el("p", { class: "quiet", text: kept }) : null, ...this.unseen(), this.evidence)),
        el("div", { class: "aside" }, this.side, this.shares.node ?? "", this.verdict.node),
        this.heads.node, this.whole.node, this.steps?.node ?? "");
      this.makeSide();
    }

    unseen() {  // inputs that this page cannot draw, in words
      return this.look.inputs.filter((input) => !input.absent && !jumok.surfaces[input.kind] && input.kind !== "text").map(jumok.inputInWords);
    }

    shiftNote() {  // a decoder has read other tokens than those that it writes
      const shifted = this.attention.use === "decoder" && this.queries.kind === "tokens" && this.queries.of === "output" && this.keys.labels?.join() !== this.queries.labels.join();
      return shifted ? el("p", { class: "quiet", text: t("shifted") }) : null;
    }

    makeSide() {
      this.asked = el("h3");
      this.facts = el("p", { class: "quiet number facts", text: "\u00a0" });
      this.unpin = el("button", { type: "button", class: "link", text: t("unpin"), onclick: () => this.release() });
      const copied = el("span", { class: "quiet", role: "status" });
      this.list = el("ol", { class: "top" });
      this.rest = el("p", { class: "quiet number rest" });
      this.side.replaceChildren(el("header", {}, this.asked, this.unpin), this.facts, this.list, this.rest,
        el("div", { class: "bar" }, el("button", { type: "button", class: "link", text: t("copy"), onclick: async () => {
          await copy(this.numbers());
          copied.textContent = t("copied");
          setTimeout(() => { copied.textContent = ""; }, 1500);
        } }), copied));
    }

    handlers() {
      return {
        hover: (side, i, event, note) => this.hover(side, i, event, note),
        leave: () => { this.tip.hidden = true; },
        pick: (side, i) => this.pick(side, i),
        move: (side, i) => this.move(side, i),
        limit: (least) => { this.queries.limit?.(least); this.stage.side("query").limit?.(); },
        held: () => this.focus?.kind === "key",
        queriesAreObjects: () => this.queries?.kind === "queries",
      };
    }

    hover(side, i, event, note) {  // what looks is looked through at once; of what is looked at, the number is told
      if (side === "query" && !this.focus.pinned) {
        if (this.focus.kind !== side || this.focus.index !== i) this.set({ kind: side, index: i, pinned: false }, performance.now());
      } else if (side !== this.focus.kind) this.peek(side, i, event, note);
      if (side === "query" && note && event) this.showTip(event, `${this.queries.label(i)} · ${note}`);
    }

    peek(side, i, event, note) {
      const axis = side === "query" ? this.queries : this.keys;
      const w = this.shown?.weights?.[i];
      if (w === undefined) return;
      const text = `${axis.label(i)}${note ? ` · ${note}` : ""}  ${exact(w)}`;
      if (event) this.showTip(event, text);
      else announce(text);
    }

    showTip(event, text) {
      const box = this.node.getBoundingClientRect();
      this.tip.textContent = text;
      this.tip.hidden = false;
      const x = Math.min(event.clientX - box.left + 14, box.width - this.tip.offsetWidth - 6);
      this.tip.style.transform = `translate(${Math.max(0, x)}px, ${event.clientY - box.top + 18}px)`;
    }

    move(side, i) {  // by keys
      if (side === "query" && !(this.focus.pinned && this.focus.kind === "key")) this.set({ kind: "query", index: i, pinned: false });
      else this.peek(side, i, null);
    }

    pick(side, i) {
      const same = this.focus.pinned && this.focus.kind === side && this.focus.index === i;
      this.set({ kind: side, index: i, pinned: !same });
      if (same && side === "key") this.release();
    }

    togglePin() { this.set({ ...this.focus, pinned: !this.focus.pinned }); }

    release() { this.set(this.focus.kind === "key" ? { kind: "query", index: this.lastQuery ?? this.firstQuery(), pinned: false } : { ...this.focus, pinned: false }); }

    step(key) {  // an arrow, when no token has the focus
      const row = this.stage.side("query");
      const next = this.queries.moved(this.focus.kind === "query" ? this.focus.index : null, key);
      row.reveal?.(next);
      if (row.focus && !this.stage.surfaces.includes(row)) row.focus(next);
      this.set({ kind: "query", index: next, pinned: this.focus.pinned && this.focus.kind === "query" });
    }

    stepped(step) {  // the slider of steps: the token that was written then
      const own = this.queries.of === "output" && this.queries.kind === "tokens";
      if (own && step < this.queries.count) { this.stage.side("query").reveal(step); this.set({ kind: "query", index: step, pinned: true }); }
    }

    set(focus, since) {
      this.starting = null;  // somebody points already
      this.focus = focus;
      this.tip.hidden = true;
      this.since = since ?? null;
      this.update();
      this.app.mirror(this, focus);
    }

    follow(focus) {  // what is pointed at in the panel beside
      if (!this.stage || !this.look || focus.index >= (focus.kind === "query" ? this.queries : this.keys).count) return;
      this.stage.side(focus.kind).reveal?.(focus.index);
      this.focus = focus;
      this.update();
    }

    lookThrough(layer, head) {  // what people chose
      this.settings.own = true;
      this.starting = null;
      if (this.settings.view !== "head") { this.settings.view = "head"; this.viewChoice.pick("head"); }
      this.turnTo(layer, head);
      this.update();
    }

    turnTo(layer, head) {
      const count = this.attention.layers.length;
      const l = (layer + count) % count, heads = this.attention.layers[l].heads;
      Object.assign(this.settings, { layer: l, head: Math.min((head + heads) % heads, heads - 1) });
      this.makeTurns();
      this.whole.set(this.settings.layer, this.settings.head);
      this.single();
    }

    single() {  // the grid marks one head, and its map is shown, where one head is looked through
      const one = this.settings.view === "head" || this.focus?.kind === "key";
      this.heads.set(...(one ? [this.settings.layer, this.settings.head] : [null, null]));
      this.whole.node.hidden = !one;
    }

    makeTurns() {
      const { layer, head } = this.settings, layers = this.attention.layers.length, heads = this.attention.layers[layer].heads;
      const turn = (word, now, of, step) => el("div", { class: "turn", role: "group", "aria-label": t(word) },
        el("span", { class: "quiet", text: t(word) }),
        el("button", { type: "button", "aria-label": `${t(word)}: ${t("previous")}`, text: "‹", onclick: () => step(-1) }),
        el("span", { class: "number", text: `${now + 1}/${of}` }),
        el("button", { type: "button", "aria-label": `${t(word)}: ${t("next")}`, text: "›", onclick: () => step(1) }));
      const focused = [...this.headTurns.querySelectorAll("button")].indexOf(document.activeElement);
      this.headTurns.replaceChildren(turn("layer", layer, layers, (by) => this.lookThrough(layer + by, head)), turn("headNumber", head, heads, (by) => this.lookThrough(layer, head + by)));
      if (focused >= 0) this.headTurns.querySelectorAll("button")[focused].focus();
    }

    async update() {  // one question at a time; of all that was pointed at meanwhile, the last counts
      this.wanted = { ...this.focus, layer: this.settings.layer, head: this.settings.head, view: this.settings.view, since: this.since, stage: this.stage };
      if (this.asking) return;
      this.asking = true;
      while (this.wanted) {
        const wanted = this.wanted;
        this.wanted = null;
        try {
          const weights = await this.weightsOf(wanted);
          if (wanted.stage === this.stage) this.paint({ ...wanted, ...weights });
        } catch (error) {
          if (wanted.stage === this.stage) this.fail(error);
        }
      }
      this.asking = false;
    }

    async weightsOf({ kind, index, layer, head, view }) {
      if (kind === "query") this.lastQuery = index;
      const asked = kind === "query" ? index : Math.min(this.lastQuery ?? this.firstQuery(), this.queries.count - 1);
      const row = kind === "query" || !this.heads.weights ? (await this.source.get(this.path("row", { query: asked }))).weights : null;
      if (kind === "key") return { row, ...(await this.source.get(this.path("column", { key: index, layer, head }))) };
      if (view === "head") return { row, weights: row[layer][head] };
      if (view === "alignment") {
        const found = await this.source.get(this.path("derived", { view }));
        const weights = new Array(this.keys.count).fill(0);
        for (const [q, k, w] of found.pairs) if (q === index) weights[k] = w;
        return { row, weights, pairs: found.pairs, label: said(found.label) };
      }
      const found = await this.source.get(this.path("derived", { view, query: index }));
      return { row, weights: found.weights, label: said(found.label) };
    }

    paint(shown) {
      this.shown = shown;
      this.fail(null);
      this.single();
      const row = this.stage.side(shown.kind), now = this.focus.kind === shown.kind && this.focus.index === shown.index;
      if (now && row?.long && !row.inside(shown.index)) row.reveal(shown.index);  // not where somebody has moved on
      this.stage.paint(shown);
      if (shown.row) this.heads.weigh(shown.row);
      this.whole.show(shown.kind, shown.index);
      this.tell(shown);
      this.shares.show(shown);
      for (const part of this.outputs) part.mark?.(shown);
      this.verdict.ask(shown.kind === "query" ? { query: shown.index, ...(shown.view === "head" ? { layer: shown.layer, head: shown.head } : {}) } : null);
      this.stage.node.dataset.shown = `${shown.kind}:${shown.index}`;
      if (shown.since !== null) this.timings.push(performance.now() - shown.since);
    }

    keptAs() {  // how a file has changed weights so that they fit; null where they are exact
      const pack = this.source.packs[this.attention.id];
      return !pack ? null : pack.isPooled ? "pooledTag" : pack.kind === "uint16" ? "roundedTag" : null;
    }

    name({ kind, index }) { return (kind === "query" ? this.queries : this.keys).label(index); }

    others({ kind }) { return kind === "query" ? this.keys : this.queries; }

    tell(shown) {  // the strongest, in numbers
      const { kind, index, weights, pinned } = shown;
      const axis = this.others(shown), asking = kind === "query";
      const name = this.name(shown);
      const written = asking && this.queries.of === "output" && this.queries.kind === "tokens";
      this.asked.textContent = this.asked.title = t(written ? "written" : asking ? "looksAt" : "lookedAtBy", name);
      this.unpin.hidden = !pinned;
      const own = shown.view === "head" || !asking;  // of one head, not computed from several
      const kept = this.keptAs();
      const [word, title] = !own ? ["derived", "derivedTitle"] : kept ? [kept, `${kept}Title`] : ["exactly", "exactTitle"];
      this.facts.replaceChildren(el("small", { class: word === "exactly" ? "tag sure" : "tag", title: t(title), text: t(word) }),
        ` ${[own ? t("layerHead", shown.layer + 1, shown.head + 1) : (shown.label || t(shown.view)).replace(t("derivedLead"), ""), this.chance(shown, name)].filter(Boolean).join(" · ")}`);
      const best = strongest(weights, Math.min(TOP, axis.count));
      this.list.style.setProperty("--bar", axis.channels || axis.time?.wide > 120 ? "36px" : "");
      const most = largest(weights);
      while (this.list.children.length > best.length) this.list.lastChild.remove();
      while (this.list.children.length < best.length) this.list.append(this.entry());
      best.forEach((i, n) => {
        const item = this.list.children[n];
        item.dataset.i = i;
        item.classList.toggle("zero", weights[i] === 0 && n > 0);
        item.firstChild.textContent = item.firstChild.title = axis.label(i);
        item.children[1].firstChild.style.setProperty("--w", most > 0 ? (weights[i] / most).toFixed(3) : 0);
        item.lastChild.textContent = exact(weights[i]);
      });
      const rest = weights.reduce((sum, w) => sum + w, 0) - best.reduce((sum, i) => sum + weights[i], 0);
      this.rest.textContent = axis.count > best.length && !shown.pairs ? `${t("rest", axis.count - best.length)}: ${exact(Math.max(0, rest))}` : "\u00a0";
      this.legend.replaceChildren(...(!this.stage.shaded ? [] : [el("span", { class: "shades", "aria-hidden": "true" }), ` ${t("shade", exact(most))}`]));
      const words = best.slice(0, 3).map((i) => `${axis.label(i)} ${weights[i].toFixed(2)}`).join(", ");
      announce(t(asking ? "queryAnnounce" : "keyAnnounce", name, words));
    }

    chance({ kind, index }, name) {  // how likely the model found what this query answered
      const output = kind === "query" && this.queries.of === "output" ? this.look.outputs.find((one) => one.name === this.queries.name) : null;
      const { log_probabilities: all, probabilities } = output?.answers?.[this.answer] ?? {};
      if (probabilities) return name in probabilities ? t("probability", exact(probabilities[name])) : "";
      const log = all?.[index];
      return Number.isFinite(log) ? t("probability", exact(Math.exp(log))) : "";
    }

    entry() {
      const pick = () => this.pick(this.shown.kind === "query" ? "key" : "query", Number(item.dataset.i));
      const item = el("li", {
        role: "button", tabindex: this.list.children.length ? -1 : 0, onclick: pick,
        onkeydown: (event) => {
          const next = { ArrowDown: item.nextSibling, ArrowUp: item.previousSibling }[event.key];
          if (event.key === "Enter" || event.key === " ") pick();
          else if (next) next.focus();
          else return;
          event.preventDefault();
          event.stopPropagation();
        },
      }, el("span", { class: "label" }), el("span", { class: "measure" }, el("i")), el("span", { class: "number" }));
      return item;
    }

    numbers() {  // all weights shown, as a table to paste
      const axis = this.others(this.shown);
      const { weights } = this.shown;
      return strongest(weights, axis.count).map((i) => `${i}\t${axis.label(i)}\t${weights[i].toFixed(8)}`).join("\n");
    }
  }

  function sides({ queries, keys }, look) {  // what looks, and what is looked at, where that is something else
    const named = (axis) => axisOf(axis, look, 0).caption;
    return named(queries) === named(keys) ? named(keys) : `${named(queries)} → ${named(keys)}`;
  }

  function twin(look, one) {  // a number where two attentions would be called the same
    const same = look.attentions.filter((other) => other.use === one.use && sides(other, look) === sides(one, look));
    return same.length > 1 ? ` ${same.indexOf(one) + 1}` : "";
  }

  jumok.Panel = Panel;
})();
