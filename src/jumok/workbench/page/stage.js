// Who looks above, what is looked at below, and curves between them.
"use strict";
(() => {
  const { el, svg, t, strongest, largest, once, TokenRow, ObjectRow, Picture } = jumok;
  const CURVES = 48;  // at most so many, and none below a fiftieth of the strongest
  const FAINT = 0.02;

  class Stage {
    constructor({ look, queries, keys, handlers, settings }) {
      Object.assign(this, { look, queries, keys, handlers });
      const both = queries.kind === "cells" && keys.kind === "cells" && queries.name === keys.name;
      this.curves = svg("svg", { class: "curves", "aria-hidden": "true" });
      this.pool = [];
      this.pictures = [];
      const picture = (input, asked) => {
        const made = new Picture({ input, outputs: this.pixelOutputs(input), handlers, settings, ...asked });
        this.pictures.push(made);
        return made;
      };
      const images = look.inputs.filter((input) => input.kind === "image" && !input.absent);
      const imageOf = (axis) => images.find((input) => input.name === axis.name) || images[0];
      const titled = (axis, word) => `${t(word, axis.name)}${axis.backwards ? ` · ${t("backwards")}` : ""}`;
      if (queries.kind === "tokens") this.top = new TokenRow({ axis: queries, side: "query", title: titled(queries, "queriesOf"), handlers });
      else if (queries.kind === "queries") this.top = new ObjectRow({ axis: queries, title: t("queriesOf", queries.name), handlers });
      else if (!both) this.top = picture(imageOf(queries), { queries });
      if (keys.kind === "tokens") this.bottom = new TokenRow({ axis: keys, side: "key", title: titled(keys, "keysOf"), handlers });
      else this.bottom = picture(imageOf(keys), both ? { queries, keys } : { keys });
      this.drawsCurves = queries.kind === "tokens" && keys.kind === "tokens";
      this.node = el("div", { class: `stage ${this.drawsCurves ? "woven" : ""}` }, this.curves, this.top?.node, this.drawsCurves ? el("div", { class: "gap" }) : null, this.bottom.node);
      this.shown = null;
      this.layout = once(() => this.measure());
      this.watcher = new ResizeObserver(() => this.layout());
      this.watcher.observe(this.node);
    }

    pixelOutputs(input) {  // what was found in a picture
      const only = this.look.inputs.filter((one) => one.kind === "image").length === 1;
      return this.look.outputs.filter((one) => (one.kind === "boxes" || one.kind === "mask") && (only || one.input === input.name));
    }

    side(kind) { return kind === "query" ? this.top || this.bottom : this.bottom; }

    remove() { this.watcher.disconnect(); }

    measure() {
      if (!this.node.isConnected) return;
      const frame = this.node.getBoundingClientRect();
      for (const row of [this.top, this.bottom]) {
        row?.measure?.(frame);
        row?.drawStrip?.();
      }
      this.curves.setAttribute("viewBox", `0 0 ${frame.width} ${frame.height}`);
      for (const picture of this.pictures) picture.draw();
      this.drawCurves();
    }

    paint(shown) {  // {kind, index, pinned, weights, pairs}; weights null: nothing is looked through
      this.shown = shown;
      const { kind, index, pinned, weights } = shown;
      const pin = pinned ? index : null;
      this.setSides(kind, index, pin);
      if (kind === "query") {
        this.weigh(this.bottom, weights, this.keys);
        if (this.top && this.top !== this.bottom) this.weigh(this.top, null, this.queries);
        this.reveal(weights);
      } else {
        if (this.top) this.weigh(this.top, weights, this.queries);
        if (this.bottom !== this.top) this.weigh(this.bottom, this.top ? null : weights, this.top ? this.keys : this.queries);
      }
      for (const picture of this.pictures) picture.weighBoxes(kind === "key" && this.queries.kind === "queries" ? weights : null);
      if (this.drawsCurves) this.remeasure();
      this.drawCurves();
    }

    setSides(kind, index, pin) {
      for (const [side, row] of [["query", this.top], ["key", this.bottom]]) {
        if (!row) continue;
        if (row instanceof Picture) row.set(kind, index, pin);
        else row.set(kind === side ? index : null, kind === side ? pin : null);
      }
    }

    weigh(row, weights, axis) {
      if (row instanceof Picture) row.weigh(weights, axis);
      else row.weigh(weights);
    }

    reveal(weights) {  // the lens goes where most was looked at
      if (weights && this.bottom.long && !this.handlers.held()) this.bottom.reveal(strongest(weights, 1)[0]);
    }

    remeasure() {
      if (!(this.top.long || this.bottom.long) && this.bottom.places) return;
      const frame = this.node.getBoundingClientRect();
      this.top.measure(frame);
      this.bottom.measure(frame);
    }

    lines() {  // [query, key, share of the strongest, weight]
      if (!this.drawsCurves || !this.shown) return [];
      const { kind, index, weights, pairs } = this.shown;
      if (pairs) {
        const most = largest(pairs.map(([, , w]) => w));
        return pairs.map(([q, k, w]) => [q, k, most > 0 ? (index === null || (kind === "query" ? q : k) === index ? 1 : 0.28) * (w / most) : 0, w]);
      }
      if (!weights || index === null) return [];
      const most = largest(weights);
      return strongest(weights, CURVES).filter((i) => most > 0 && weights[i] / most >= FAINT)
        .map((i) => [kind === "query" ? index : i, kind === "query" ? i : index, weights[i] / most, weights[i]]);
    }

    paths() {  // of the curves: {d, share}
      const made = [];
      for (const [q, k, share] of this.lines()) {
        const from = this.top.place(q), to = this.bottom.place(k);
        if (!from || !to) continue;
        const middle = (from.y + to.y) / 2;
        const point = (x) => x.toFixed(1);
        made.push({ d: `M${point(from.x)} ${point(from.y)}C${point(from.x)} ${point(middle)} ${point(to.x)} ${point(middle)} ${point(to.x)} ${point(to.y)}`, share });
      }
      return made;
    }

    drawCurves() {
      const paths = this.paths();
      while (this.pool.length < paths.length) {
        const path = svg("path");
        this.pool.push(path);
        this.curves.append(path);
      }
      this.pool.forEach((path, i) => {
        const one = paths[i];
        path.style.display = one ? "" : "none";
        if (!one) return;
        path.setAttribute("d", one.d);
        path.style.strokeOpacity = (0.12 + 0.88 * one.share).toFixed(3);
        path.style.strokeWidth = (0.8 + 3.2 * one.share).toFixed(2);
      });
      this.curves.classList.toggle("pinned", Boolean(this.shown?.pinned));
    }
  }

  jumok.Stage = Stage;
})();
