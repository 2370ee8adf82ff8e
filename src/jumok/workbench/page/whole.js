// The whole map of one head, to point into.
"use strict";
(() => {
  const { el, t, colour, exact, squares, once } = jumok;
  const LABELS = 40;  // rows or columns that are still named

  class Whole {
    constructor({ queries, keys, source, path, handlers, failed }) {
      Object.assign(this, { queries, keys, source, path, handlers, failed });
      this.canvas = el("canvas", {
        "aria-label": t("map"), role: "img",
        onpointermove: (event) => this.move(event), onpointerleave: () => { this.tell(null); handlers.leave("query"); },
        onclick: (event) => this.click(event),
      });
      this.told = el("p", { class: "told number", text: "\u00a0" });
      this.note = el("p", { class: "quiet", hidden: true, text: t("mapPooled") });
      this.title = el("span", { class: "quiet" });
      this.node = el("section", { class: "card whole" }, el("header", {}, el("h3", { text: t("map") }), this.title),
        el("p", { class: "quiet", text: t("mapHelp") }), this.canvas, this.told, this.note);
      this.draw = once(() => this.paint());
      this.watcher = new ResizeObserver(() => this.draw());
      this.watcher.observe(this.node);
      this.focus = null;
    }

    remove() { this.watcher.disconnect(); }

    async set(layer, head) {
      this.chosen = `${layer},${head}`;
      this.title.textContent = t("layerHead", layer + 1, head + 1);
      const mine = this.chosen;
      try {
        const map = await this.source.get(this.path("map", { layer, head }));
        if (mine !== this.chosen) return;
        this.map = map;
        this.note.hidden = !map.pooled;
        this.draw();
      } catch (error) {
        this.map = null;
        this.failed(error);
      }
    }

    show(kind, index) {  // mark the row, or the column, that is looked through
      this.focus = index === null ? null : [kind, index];
      this.draw();
    }

    margins() {
      const named = (axis, n) => axis.kind === "tokens" && axis.count <= LABELS && axis.count === n;
      const longest = (axis) => Math.min(108, 14 + 8 * Math.max(...Array.from({ length: axis.count }, (_, i) => Math.min(12, [...axis.label(i)].length))));
      return [named(this.queries, this.map.rows) ? longest(this.queries) : 4, named(this.keys, this.map.columns) ? longest(this.keys) : 4];
    }

    place(event) {  // [row, column] of the map
      if (!this.map || !this.area) return null;
      const box = this.canvas.getBoundingClientRect();
      const c = Math.floor((event.clientX - box.left - this.area.left) / this.area.across);
      const r = Math.floor((event.clientY - box.top - this.area.top) / this.area.down);
      return r < 0 || c < 0 || r >= this.map.rows || c >= this.map.columns ? null : [r, c];
    }

    positions([r, c]) {
      return [Math.floor((r * this.queries.count) / this.map.rows), Math.floor((c * this.keys.count) / this.map.columns)];
    }

    tell(place) {
      if (!place) { this.told.textContent = "\u00a0"; return; }
      const [q, k] = this.positions(place);
      this.told.textContent = t("mapCell", this.queries.label(q), this.keys.label(k), exact(this.map.weights[place[0] * this.map.columns + place[1]]));
    }

    move(event) {
      const place = this.place(event);
      this.tell(place);
      if (place) this.handlers.hover("query", this.positions(place)[0], null);
    }

    click(event) {
      const place = this.place(event);
      if (place) this.handlers.pick("query", this.positions(place)[0]);
    }

    paint() {
      const width = this.canvas.parentElement?.clientWidth ? this.canvas.clientWidth : 0;
      if (!width || !this.map) return;
      const { rows, columns } = this.map, ratio = devicePixelRatio || 1;
      const [left, top] = this.margins();
      const across = Math.min(26, (width - left - 2) / columns);
      const down = Math.max(Math.min(across, 26, 420 / rows), rows <= LABELS && left > 4 ? 12 : 0.1);
      this.area = { left, top, across, down };
      const height = Math.ceil(top + down * rows + 2);
      this.canvas.style.height = `${height}px`;
      [this.canvas.width, this.canvas.height] = [Math.round(width * ratio), Math.round(height * ratio)];
      const g = this.canvas.getContext("2d");
      g.scale(ratio, ratio);
      g.imageSmoothingEnabled = false;
      g.drawImage(squares(this.map), left, top, across * columns, down * rows);
      this.names(g);
      this.marks(g);
    }

    names(g) {
      const { left, top, across, down } = this.area;
      g.font = `12px ${getComputedStyle(document.body).fontFamily}`;
      g.textBaseline = "middle";
      const cut = (text) => ([...text].length > 12 ? `${[...text].slice(0, 11).join("")}…` : text);
      const bold = (kind, i) => { g.fillStyle = colour(this.focus?.[0] === kind && this.focus[1] === i ? "pin" : "quiet"); };
      if (left > 4) {
        g.textAlign = "right";
        for (let i = 0; i < this.map.rows; i++) { bold("query", i); g.fillText(cut(this.queries.label(i)), left - 6, top + (i + 0.5) * down); }
      }
      if (top <= 4) return;
      g.textAlign = "left";
      const each = Math.ceil(11 / across);
      for (let i = 0; i < this.map.columns; i += each) {
        bold("key", i);
        g.save();
        g.translate(left + (i + 0.5) * across, top - 6);
        g.rotate(-Math.PI / 2);
        g.fillText(cut(this.keys.label(i)), 0, 0);
        g.restore();
      }
    }

    marks(g) {
      if (!this.focus) return;
      const { left, top, across, down } = this.area, { rows, columns } = this.map;
      const [kind, index] = this.focus;
      g.strokeStyle = colour("pin");
      g.lineWidth = 1.5;
      if (kind === "query") g.strokeRect(left, top + Math.floor((index * rows) / this.queries.count) * down, across * columns, Math.max(down, 2));
      else g.strokeRect(left + Math.floor((index * columns) / this.keys.count) * across, top, Math.max(across, 2), down * rows);
    }
  }

  jumok.Whole = Whole;
})();
