// How the search wrote its answer: the beams of every step.
"use strict";
(() => {
  const { el, t, shapes, minus } = jumok;

  class Steps {
    constructor({ source, path, stepped }) {
      Object.assign(this, { source, path, stepped });
      this.body = el("div", { class: "body" });
      this.node = el("details", { class: "card steps", ontoggle: () => { if (this.node.open) this.load(); } },
        el("summary", {}, el("h3", { text: t("steps") }), el("span", { class: "quiet", text: t("stepsHelp") })), this.body);
    }

    async load() {
      if (this.steps) return;
      try {
        this.steps = (await this.source.get(this.path("steps"))).steps;
      } catch (error) {
        this.body.replaceChildren(el("p", { class: "quiet", text: error.message }));
        return;
      }
      const n = this.steps.length;
      this.title = el("output", { class: "number" });
      this.range = el("input", { type: "range", min: 1, max: n, value: 1, "aria-label": t("steps"), oninput: () => this.show(Number(this.range.value) - 1, true) });
      this.list = el("ol", { class: "beams", style: { "--most": Math.max(...this.steps.map((step) => step.beams.length)) } });
      const turn = (by, word, sign) => el("button", { type: "button", class: "turn", "aria-label": t(word), text: sign, onclick: () => {
        this.range.value = Number(this.range.value) + by;
        this.show(Number(this.range.value) - 1, true);
      } });
      this.body.replaceChildren(el("div", { class: "bar" }, turn(-1, "previous", "‹"), this.range, turn(1, "next", "›"), this.title), this.list);
      if (n) this.show(n - 1, false);
      this.range.value = n;
    }

    show(step, tell) {
      const { beams } = this.steps[step];
      this.title.textContent = t("step", step + 1, this.steps.length);
      this.list.replaceChildren(...beams.map((beam, b) => {
        const parts = shapes(beam.tokens);
        return el("li", { class: beam.chosen ? "chosen" : "" },
          el("span", { class: "number quiet", text: t("beam", b + 1) }),
          el("span", { class: "text" }, parts.map((shape, i) => [shape.joined ? "" : " ", el("span", { class: i === parts.length - 1 ? "last" : "", text: shape.text })])),
          el("span", { class: "quiet from", text: step > 0 && beam.parent !== null && beam.parent !== undefined ? t("from", beam.parent + 1) : "" }),
          el("span", { class: "number", title: t("stepScoreTitle"), text: t("logProbability", minus(beam.score.toFixed(2))) }),
          el("span", { class: "kept", text: beam.chosen ? `● ${t("kept")}` : "" }));
      }));
      if (tell) this.stepped(step);
    }
  }

  jumok.Steps = Steps;
})();
