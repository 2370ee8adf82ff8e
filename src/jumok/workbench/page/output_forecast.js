// What comes next: the past, the forecast with its interval, and the truth where it is known; each step can be asked.
"use strict";
(() => {
  const { el, t, colour, brief, nearest, Plot, laneOf, shadeStretches, outputPart, answerList } = jumok;
  const HIGH = 480, LARGE = 240;  // of all channels, and of one alone

  const relative = (past) => ({  // steps counted from the last one that is known
    origin: past - 1, scale: 1,
    at: (step) => t("aheadOf", signedStep(Math.floor(step) - past + 1)),
    span: (first, end) => t("aheadOf", `${signedStep(first - past + 1)} – ${signedStep(end - past)}`),
    tick: (step) => signedStep(Math.round(step) - past + 1),
  });
  const signedStep = (n) => (n > 0 ? `+${n}` : n < 0 ? `−${-n}` : "0");
  const levelsOf = (answer) => Object.keys(answer.quantiles ?? {}).sort((a, b) => a - b);

  function pastOf(look, channels) {  // {name, length, steps, values by channel}: of the signal that goes on
    const input = look.inputs.find((one) => !one.absent && one.kind === "series" && channels.some((name) => one.channels.includes(name)));
    if (!input) return { length: 0, steps: [], values: [] };
    return { name: input.name, length: input.length, steps: input.steps, values: channels.map((name) => input.values[input.channels.indexOf(name)]) };
  }

  const from = (start, values) => values.map((_, i) => start + i);

  function curvesOf(answer, reference, c, past) {  // of one channel
    const next = answer.values[c], levels = levelsOf(answer);
    const steps = from(past.length, next), before = past.values[c], truth = reference?.values?.[c];
    const last = before ? [before.at(-1)] : [];  // the lines go on from the last known value
    const at = before ? [past.length - 1] : [];
    const curves = [];
    if (levels.length > 1) curves.push({ steps, low: answer.quantiles[levels[0]][c], high: answer.quantiles[levels.at(-1)][c], style: "pin" });
    if (before) curves.push({ steps: past.steps, values: before, style: "quiet" });
    if (truth) curves.push({ steps: [...at, ...from(past.length, truth)], values: [...last, ...truth], style: "ink", dash: [5, 3] });
    curves.push({ steps: [...at, ...steps], values: [...last, ...next], style: "pin", wide: 1.8 });
    return curves;
  }

  class Forecast {
    constructor({ output, reference, panel }) {
      Object.assign(this, { output, reference, panel });
      this.only = null;
      this.holder = el("div");
      this.told = el("p", { class: "told number", text: "\u00a0" });
      const { channels } = output.answers[0];
      this.select = channels.length > 1 ? el("label", { class: "select" }, el("span", { class: "quiet", text: t("channel") }), el("select", { onchange: (event) => { this.only = event.target.value === "" ? null : Number(event.target.value); this.build(); } },
        [["", t("allChannels")], ...channels.map((name, c) => [c, name])].map(([value, text]) => el("option", { value, text })))) : null;
      this.controls = el("div", { class: "controls" });
      this.node = outputPart(output, output.answers.length > 1 ? answerList({ output, reference, panel }) : null, el("div", { class: "card drawn" }, this.holder, this.told, this.controls));
      this.show(panel.answer);
    }

    show(number) {
      this.answer = this.output.answers[number] ?? this.output.answers[0];
      this.before = pastOf(this.panel.look, this.answer.channels);
      this.past = this.before.length;
      this.time = relative(this.past);
      this.build();
    }

    build() {
      const { answer, reference, before, past } = this;
      this.plot?.remove();
      const shown = answer.channels.map((_, c) => c).filter((c) => this.only === null || c === this.only);
      const lanes = shown.map((c) => laneOf(answer.channels[c], answer.unit?.[c] ?? "", curvesOf(answer, reference, c, before)));
      this.shown = shown;
      this.plot = new Plot({
        lanes, length: past + answer.values[0].length, time: this.time, label: t("forecastOf", this.output.name), height: shown.length === 1 ? LARGE : HIGH, most: LARGE,
        hooks: {
          back: (plot, g) => this.back(plot, g), point: ({ step, lane }) => this.point(step, lane), leave: () => { this.told.textContent = "\u00a0"; },
          pick: ({ step }) => this.ask(Math.floor(step) - past), key: (event) => this.key(event),
        },
      });
      this.holder.replaceChildren(this.plot.frame);
      const sign = (name, word) => el("span", { class: `sign line ${name}`, text: t(word) });
      const levels = levelsOf(answer);
      this.sign = el("span", { class: "sign shaded", text: t("lookedPast"), hidden: !this.looked });
      this.controls.replaceChildren(...[this.plot.buttons, this.select, past ? sign("past", "pastLine") : null, past ? this.sign : null, sign("next", "forecastLine"), reference?.values ? sign("truth", "truthLine") : null,
        levels.length > 1 ? el("span", { class: "sign line band", text: t("quantiles", levels[0], levels.at(-1)) }) : null].filter(Boolean));
    }

    queries() {  // the first step (from 0) of each query, where the attention that is shown is of this output
      const { queries } = this.panel;
      if (queries?.of !== "output" || queries.name !== this.output.name || !queries.labels) return null;
      const starts = queries.labels.map((label) => Number(/^\+(\d+)/.exec(label)?.[1] ?? NaN) - 1);
      return starts.every(Number.isFinite) ? starts : null;
    }

    queryOf(ahead) {
      const starts = this.queries();
      if (!starts || ahead < 0) return null;
      const at = starts.findLastIndex((start) => start <= ahead);
      return at < 0 ? null : at;
    }

    ask(ahead) {  // where it looked for a step
      if (ahead < 0) return;
      this.panel.attend(this.output.name);
      const query = this.queryOf(ahead);
      if (query !== null) this.panel.pick("query", query);
    }

    point(step, lane) {
      const { answer, past } = this, at = Math.floor(step), c = this.shown[lane], ahead = at - past;
      const value = ahead < 0 ? this.before.values[c]?.[nearest(this.before.steps, at)] ?? null : answer.values[c][ahead], truth = ahead < 0 ? null : this.reference?.values?.[c]?.[ahead];
      const levels = levelsOf(answer);
      const interval = ahead >= 0 && levels.length > 1 ? ` (${brief(answer.quantiles[levels[0]][c][ahead])} – ${brief(answer.quantiles[levels.at(-1)][c][ahead])})` : "";
      this.told.textContent = [this.time.at(at), `${answer.channels[c]} ${value === null ? t("missing") : brief(value)}${interval}`, Number.isFinite(truth) ? t("rightValue", brief(truth)) : ""].filter(Boolean).join(" · ");
    }

    key(event) {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key], starts = this.queries();
      if (!step || !starts) return;
      event.preventDefault();
      event.stopPropagation();
      const now = this.marked ?? -1, next = Math.max(0, Math.min(starts.length - 1, now + step));
      this.plot.reveal(this.past + starts[next], this.past + (starts[next + 1] ?? this.answer.values[0].length));
      this.panel.pick("query", next);
    }

    mark(shown) {  // the step that is looked from, and the stretches of the past that it looks at
      const { queries, keys } = this.panel;
      this.marked = shown.kind === "query" && queries.of === "output" && queries.name === this.output.name ? shown.index : null;
      const past = keys.kind === "intervals" && keys.input?.name === this.before.name;
      this.looked = this.marked !== null && past ? { axis: keys, weights: shown.weights } : null;
      this.sign.hidden = !this.looked;
      this.plot.draw();
    }

    across(plot, axis, i) {  // where a stretch of the past stands: [x, y, width, height]; null where its channel is not shown
      const [first, end] = axis.span(i), channel = axis.channel(i);
      const lane = channel === null ? 0 : this.shown.findIndex((c) => this.answer.channels[c] === axis.channels[channel]);
      if (lane < 0) return null;
      const x = plot.x(first);
      return [x, lane * plot.lane, plot.x(Math.min(end, this.past)) - x, plot.lane * (channel === null ? plot.lanes.length : 1)];
    }

    back(plot, g) {
      if (this.looked) shadeStretches(g, this.looked.axis, this.looked.weights, (i) => this.across(plot, this.looked.axis, i));
      const high = plot.lane * plot.lanes.length, starts = this.marked === null || this.marked === undefined ? null : this.queries();
      if (starts && starts[this.marked] !== undefined) {
        const first = this.past + starts[this.marked], end = this.past + (starts[this.marked + 1] ?? this.answer.values[0].length);
        g.fillStyle = colour("lens");
        g.fillRect(plot.x(first), 0, Math.max(3, plot.x(end) - plot.x(first)), high);
      }
      if (!this.past) return;
      g.fillStyle = colour("strong");
      g.fillRect(plot.x(this.past), 0, 1, high);
    }

    draw() { this.plot.redraw(); }

    remove() { this.plot.remove(); }
  }

  jumok.outputs.forecast = (asked) => new Forecast(asked);
})();
