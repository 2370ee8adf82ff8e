// A signal of one or more channels: drawn with what was looked at shaded, and read from rows of numbers.
"use strict";
(() => {
  const { el, t, colour, within, exact, largest, choices, timeOf, Plot, laneOf, nearest, shadeStretches, DropField, readRows, looksLikeRows, Unreadable } = jumok;

  class Series {
    static axis = "intervals";

    constructor({ input, queries, keys, handlers, settings }) {
      Object.assign(this, { input, queries, keys, handlers, settings });
      this.axis = keys || queries;
      this.acts = keys && queries ? settings.acts || "query" : keys ? "key" : "query";  // what pointing at it asks for
      this.time = timeOf(input);
      this.unit = (c) => (Array.isArray(input.unit) ? input.unit[c] : input.unit) || "";
      const lanes = input.channels.map((name, c) => laneOf(name, this.unit(c), [{ steps: input.steps, values: input.values[c] }]));
      this.plot = new Plot({
        lanes, length: input.length, time: this.time, track: Boolean(this.axis), label: t(this.axis ? "seriesOf" : "seriesAlone", input.name),
        hooks: {
          back: (plot, g) => this.shade(plot, g), front: (plot, g) => this.marks(plot, g), point: (place) => this.point(place),
          leave: () => { this.spot = null; this.plot.draw(); this.told.textContent = "\u00a0"; handlers.leave(this.acts); },
          pick: (place) => this.pick(place), key: (event) => this.key(event),
        },
      });
      this.told = el("p", { class: "told number", text: "\u00a0" });
      this.active = this.pinned = this.spot = null;
      this.node = el("figure", { class: "photo" }, this.plot.frame, this.told, this.controls());
    }

    controls() {
      const { input } = this, bar = el("figcaption", { class: "controls" }, this.plot.buttons, el("span", { class: "quiet", text: t("zoomHelp") }));
      if (this.keys && this.queries) {
        bar.append(el("span", { class: "quiet", text: t("clickLooks") }), choices(t("clickLooks"), [["query", t("asQuery")], ["key", t("asKey")]], this.acts, (value) => {
          this.settings.acts = this.acts = value;
          this.handlers.leave("query");
        }));
      }
      if (input.values.some((values) => values.includes(null))) bar.append(el("span", { class: "quiet gapped", text: t("gaps") }));
      if (input.steps.length < input.length) bar.append(el("span", { class: "quiet", text: t("binned", input.steps.length.toLocaleString(), input.length.toLocaleString()) }));
      return bar;
    }

    get hint() { return "hintSeries"; }

    actingAxis() { return this.acts === "query" ? this.queries : this.keys; }

    saying(step, lane) {  // the value of a channel at a step, in words
      const value = this.input.values[lane]?.[nearest(this.input.steps, Math.floor(step))] ?? null;
      const unit = this.unit(lane);
      return `${this.input.channels[lane]} ${value === null ? t("missing") : `${within(value, (this.plot.lanes[lane].high - this.plot.lanes[lane].low) / 10)}${unit ? ` ${unit}` : ""}`}`;
    }

    point({ step, lane, event }) {
      const axis = this.actingAxis(), weighed = this.weighed;
      const i = axis?.at(step, lane) ?? null, said = this.saying(step, lane);
      const w = this.weights && weighed ? this.weights[weighed.at(step, lane)] : undefined;
      this.told.textContent = [this.time.at(step), said, w === undefined ? "" : t("weightOf", exact(w))].filter(Boolean).join(" · ");
      this.spot = i;
      this.plot.draw();
      if (i !== null) this.handlers.hover(this.acts, i, event, said);
    }

    pick({ step, lane }) {
      const i = this.actingAxis()?.at(step, lane) ?? null;
      if (i !== null) this.handlers.pick(this.acts, i);
    }

    key(event) {
      const axis = this.actingAxis();
      if (!axis) return;
      if (event.key.startsWith("Arrow")) {
        this.spot = this.spot === null ? this.active ?? axis.first() : axis.moved(this.spot, event.key);
        this.reveal(this.spot, axis);
        this.plot.draw();
        this.handlers.move(this.acts, this.spot);
      } else if ((event.key === "Enter" || event.key === " ") && this.spot !== null) this.handlers.pick(this.acts, this.spot);
      else return;
      event.preventDefault();
      event.stopPropagation();
    }

    focus() { this.plot.frame.focus(); }

    reveal(i, axis = this.actingAxis()) {
      if (i !== null && axis?.spans && i < axis.count) this.plot.reveal(...axis.span(i));
    }

    set(kind, active, pinned) {
      const axis = kind === "query" ? this.queries : this.keys;
      this.marked = axis ?? null;
      [this.active, this.pinned] = axis ? [active, pinned] : [null, null];
      this.plot.draw();
    }

    weigh(weights, axis) {
      [this.weights, this.weighed] = [weights, axis];
      this.plot.draw();
    }

    draw() { this.plot.redraw(); }

    remove() { this.plot.remove(); }

    across(plot, axis, i) {  // where a stretch stands: [x, y, width, height]
      const [first, end] = axis.span(i), channel = axis.channel(i);
      const x = plot.x(first), high = plot.lane * (channel === null ? plot.lanes.length : 1);
      return [x, channel === null ? 0 : channel * plot.lane, plot.x(end) - x, high];
    }

    shade(plot, g) {
      const { weights, weighed: axis } = this;
      if (shadeStretches(g, axis, weights, (i) => this.across(plot, axis, i))) this.bars(plot, g, axis);
    }

    bars(plot, g, axis) {  // how much each stretch weighs, below the lanes
      const top = plot.lane * plot.lanes.length, byTime = axis.byTime(this.weights), most = largest(byTime);
      g.fillStyle = colour("heat");
      byTime.forEach((w, n) => {
        const [first, end] = axis.span(n), next = axis.spans[n + 1]?.[0] ?? end;  // of overlapping ones, up to the next
        const x = plot.x(first), high = (w / most) * (plot.track - 4);
        if (high > 0.3) g.fillRect(x, top + plot.track - high, Math.max(1, plot.x(Math.min(end, next)) - x - 1), high);
      });
    }

    marks(plot, g) {
      const outline = (axis, i, name, wide) => {
        if (i === null || i === undefined || !axis?.spans || i >= axis.count) return;
        const [x, y, width, height] = this.across(plot, axis, i);
        g.strokeStyle = colour(name);
        g.lineWidth = wide;
        g.strokeRect(x + 1, y + 1, Math.max(3, width - 2), height - 2);
      };
      if (this.spot !== this.active) outline(this.actingAxis(), this.spot, "strong", 1.5);
      outline(this.marked, this.active, "heat", 2);
      outline(this.marked, this.pinned, "pin", 2.5);
    }

    drawn(frame) {  // for a drawing of the page
      const box = this.plot.canvas.getBoundingClientRect();
      return `<image x="${box.left - frame.left}" y="${box.top - frame.top}" width="${box.width}" height="${box.height}" href="${this.plot.canvas.toDataURL()}"/>`;
    }
  }

  class SeriesField extends DropField {  // a file of rows, or rows that are pasted or typed
    constructor(asked) {
      super({ ...asked, accept: ".csv,.tsv,.txt,.json,text/csv,text/plain,application/json", invitation: "dropRows", none: "noSeries" });
      this.area = el("textarea", {
        rows: 1, placeholder: t("pasteRows"), spellcheck: "false", autocomplete: "off", "aria-label": t("pasteRowsOf", asked.input.name),
        onpaste: (event) => {
          event.preventDefault();
          event.stopPropagation();
          this.takeText(event.clipboardData.getData("text/plain"));
        },
        onkeydown: (event) => {
          if (event.key !== "Enter" || event.shiftKey || event.isComposing || !this.area.value.trim()) return;
          event.preventDefault();
          this.takeText(this.area.value);
        },
      });
      this.middle.after(this.area);
    }

    get refusal() { return t("notRows"); }

    accepts(file) { return /\.(csv|tsv|txt|json)$/i.test(file.name) || /^text\/|json$/.test(file.type); }

    acceptsText(text) { return looksLikeRows(text); }

    async take(file) {
      if (this.accepts(file)) this.takeText(await file.text(), file.name);
      else this.form.complain(this.refusal);
    }

    takeText(text, name) {
      try {
        const { rows, unread } = readRows(text, this.input.channels);
        this.area.value = "";
        this.give({ rows, name, unread });
      } catch (error) {
        if (!(error instanceof Unreadable)) throw error;
        this.form.complain(name ? `${name}: ${error.message}` : error.message);
      }
    }

    describe(value) {
      if (!value?.rows) return super.describe(value);
      const size = t("rowsRead", value.rows.length, value.rows[0].length);
      return [value.name, size, value.unread?.length ? t("unread", value.unread.join(", ")) : ""].filter(Boolean).join(" · ");
    }
  }

  jumok.surfaces.series = Series;
  jumok.fields.series = SeriesField;
})();
