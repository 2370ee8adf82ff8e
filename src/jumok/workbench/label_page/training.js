// Training with what is labelled: progress, the score, and a plot of it against the number of labelled items.
"use strict";
(() => {
  const { el, svg, t, said, ask, post, brief, memory, announce } = jumok;
  const EACH = 1000;  // milliseconds between questions

  function plot(history, metric) {  // score against labelled items
    const W = 260, H = 132, left = 34, right = 10, top = 10, bottom = 24;
    const most = Math.max(...history.map((one) => one.labelled)), scores = history.map((one) => one.score);
    const high = Math.max(...scores) <= 1 ? 1 : Math.max(...scores) * 1.05, low = Math.min(0, ...scores);
    const x = (n) => left + (n / (most || 1)) * (W - left - right), y = (v) => H - bottom - ((v - low) / (high - low || 1)) * (H - top - bottom);
    const ticks = [low, (low + high) / 2, high];
    return el("figure", { class: "curve" }, svg("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": t("curveOf", metric, history.map((one) => t("curvePoint", one.labelled, brief(one.score))).join("; ")) },
      ticks.map((v) => [svg("line", { class: "grid", x1: left, x2: W - right, y1: y(v), y2: y(v) }), svg("text", { x: left - 5, y: y(v) + 3.5, "text-anchor": "end", text: brief(v) })]),
      [0, most].map((n) => svg("text", { x: x(n), y: H - 8, "text-anchor": n ? "end" : "start", text: n })),
      svg("polyline", { class: "line", points: history.map((one) => `${x(one.labelled)},${y(one.score)}`).join(" ") }),
      history.map((one) => svg("circle", { cx: x(one.labelled), cy: y(one.score), r: 3.2 }, svg("title", { text: t("curvePoint", one.labelled, brief(one.score)) })))),
    el("figcaption", { class: "quiet", text: t("curve", metric) }));
  }

  class TrainingPanel {
    constructor({ session, desk, trained, flush }) {
      Object.assign(this, { session, desk, trained, flush });
      this.desk.proposing = memory.get("label.proposals") !== "off";
      this.name = el("p", { class: "quiet model" });
      this.toggle = el("label", { class: "toggle" }, el("input", { type: "checkbox", checked: this.desk.proposing, onchange: (event) => this.propose(event.target.checked) }), t("showProposals"));
      this.all = el("button", { type: "button", text: t("acceptAll"), title: t("acceptAllTitle"), onclick: () => desk.editor?.accept(true) });
      this.start = el("button", { type: "button", class: "look train", text: t("train"), onclick: () => this.begin() });
      this.stop = el("button", { type: "button", text: t("stop"), onclick: () => this.end(), hidden: true });
      this.bar = el("progress", { max: 1, value: 0, "aria-label": t("training"), hidden: true });
      this.told = el("p", { class: "told-training" });
      this.note = el("p", { class: "quiet", hidden: true });
      this.drawn = el("div");
      this.node = el("section", { class: "card training-card", "aria-label": t("modelPanel") }, el("header", {}, el("h3", { text: t("modelPanel") })), this.name, el("div", { class: "bar" }, this.toggle, this.all), el("div", { class: "bar" }, this.start, this.stop), this.bar, this.told, this.note, this.drawn);
      this.update();
      this.ask();
    }

    propose(on) {
      this.desk.proposing = on;
      memory.set("label.proposals", on ? "on" : "off");
      this.desk.show();
      this.desk.showProposals();
    }

    update() {
      const { model, can_train: can, why_not_train: why } = this.session;
      this.name.replaceChildren(...(model ? [t("modelNamed", model.name)] : t("noModel", el("code", { text: "--model RUN" }))));
      this.toggle.hidden = !model;
      this.all.hidden = !model || ["objects", "mask"].includes(this.session.kind);  // drawing editors have such a button
      this.start.hidden = this.state === "running" || !can;
      if (!can) this.told.textContent = said(why);
    }

    async ask() {
      clearTimeout(this.timer);
      let answer;
      try { answer = await ask("train"); } catch { this.timer = setTimeout(() => this.ask(), 5 * EACH); return; }
      this.take(answer);
      if (answer.state === "running" && this.node.isConnected) this.timer = setTimeout(() => this.ask(), EACH);
    }

    take({ state, elsewhere, step, steps, left, score, examples, sentence, note, history }) {
      const ended = this.state === "running" && state === "done", failed = this.state === "running" && state === "failed";
      this.state = state;
      const running = state === "running", [metric, value] = Object.entries(score ?? {})[0] ?? [];
      this.bar.hidden = !running;
      this.stop.hidden = !running || elsewhere;
      this.stop.disabled = false;
      if (steps) this.bar.value = step / steps; else this.bar.removeAttribute("value");
      this.told.className = state === "failed" ? "told-training wrong" : "told-training";
      this.told.textContent = running && step < steps && !elsewhere ? [t("trainingStep", examples, step, steps), left == null ? "" : t("timeLeft", left), metric ? `${metric} ${brief(value)}` : ""].filter(Boolean).join(" · ") : said(sentence);
      this.note.textContent = note ? said(note) : "";
      this.note.hidden = !note;
      this.drawn.replaceChildren(...(history?.length ? [plot(history, history.at(-1).metric)] : []));
      this.update();
      if (failed) announce(said(sentence), 0);
      if (ended) this.trained();
    }

    async begin() {
      this.start.disabled = true;
      this.told.textContent = "";
      try {
        await this.flush();
        await post("train");
        this.state = "running";
        announce(t("trainingBegins"), 0);
        await this.ask();
      } catch (error) {
        this.told.className = "told-training wrong";
        this.told.textContent = error.sentence ? said(error.sentence) : t("away");
        announce(this.told.textContent, 0);
      }
      this.start.disabled = false;
    }

    async end() {
      this.stop.disabled = true;
      try { await post("train/stop"); } catch { /* the next question tells */ }
      this.ask();
    }

    close() { clearTimeout(this.timer); }
  }

  Object.assign(jumok, { TrainingPanel });
})();
