// Who looks above, what is looked at below, and curves between them.
"use strict";
(() => {
  const { el, svg, t, strongest, largest, once, TokenRow, ObjectRow } = jumok;
  const CURVES = 48;  // at most so many, and none below a fiftieth of the strongest
  const FAINT = 0.02;

  class Stage {
    constructor({ look, queries, keys, handlers, settings }) {
      Object.assign(this, { look, queries, keys, handlers });
      const surface = (axis) => this.surfaceOf(axis);
      const both = queries.name === keys.name && queries.kind === keys.kind && Boolean(surface(keys));
      this.curves = svg("svg", { class: "curves", "aria-hidden": "true" });
      this.pool = [];
      this.surfaces = [];
      const draw = (axis, asked) => {
        const { input, Surface } = surface(axis);
        const made = new Surface({ input, outputs: this.pixelOutputs(input), handlers, settings, ...asked });
        this.surfaces.push(made);
        return made;
      };
      const titled = (axis, word) => `${t(word, axis.name)}${axis.backwards ? ` · ${t("backwards")}` : ""}`;
      if (queries.kind === "queries") this.top = new ObjectRow({ axis: queries, title: t("queriesOf", queries.name), handlers });
      else if (!surface(queries)) this.top = new TokenRow({ axis: queries, side: "query", title: titled(queries, "queriesOf"), handlers });
      else if (!both) this.top = draw(queries, { queries });
      if (surface(keys)) this.bottom = draw(keys, both ? { queries, keys } : { keys });
      else this.bottom = new TokenRow({ axis: keys, side: "key", title: titled(keys, "keysOf"), handlers });
      this.drawsCurves = this.top instanceof TokenRow && this.bottom instanceof TokenRow;
      this.node = el("div", { class: `stage ${this.drawsCurves ? "woven" : ""}` }, this.curves, this.top?.node, this.drawsCurves ? el("div", { class: "gap" }) : null, this.bottom.node);
      this.shown = null;
      this.layout = once(() => this.measure());
      this.watcher = new ResizeObserver(() => this.layout());
      this.watcher.observe(this.node);
    }

    surfaceOf(axis) {  // {input, Surface} where positions are places of an input that can be drawn
      const fits = (input) => Boolean(input && !input.absent && jumok.surfaces[input.kind]?.axis === axis.kind);
      const input = fits(axis.input) ? axis.input : axis.input ? null : this.look.inputs.find(fits);
      return input ? { input, Surface: jumok.surfaces[input.kind] } : null;
    }

    get hint() { return this.surfaces[0]?.hint; }  // how to point at what is drawn

    get shaded() { return !this.surfaces.some((one) => one.scale); }  // whether weights are told by shades, without a scale of their own

    pixelOutputs(input) {  // what was found in a picture
      const only = this.look.inputs.filter((one) => one.kind === "image").length === 1;
      return this.look.outputs.filter((one) => (one.kind === "boxes" || one.kind === "mask") && (only || one.input === input.name));
    }

    side(kind) { return kind === "query" ? this.top || this.bottom : this.bottom; }

    remove() {
      this.watcher.disconnect();
      for (const surface of this.surfaces) surface.remove();
    }

    measure() {
      if (!this.node.isConnected) return;
      const frame = this.node.getBoundingClientRect();
      for (const row of [this.top, this.bottom]) {
        row?.measure?.(frame);
        row?.drawStrip?.();
      }
      this.curves.setAttribute("viewBox", `0 0 ${frame.width} ${frame.height}`);
      for (const surface of this.surfaces) surface.draw();
      this.drawCurves();
    }

    paint(shown) {  // {kind, index, pinned, weights, pairs}; weights null: nothing is looked through
      this.shown = shown;
      const { kind, index, pinned, weights } = shown;
      const pin = pinned ? index : null;
      this.setSides(kind, index, pin);
      if (kind === "query") {
        this.bottom.weigh(weights, this.keys);
        if (this.top && this.top !== this.bottom) this.top.weigh(null, this.queries);
        this.reveal(weights);
      } else {
        if (this.top) this.top.weigh(weights, this.queries);
        if (this.bottom !== this.top) this.bottom.weigh(this.top ? null : weights, this.top ? this.keys : this.queries);
      }
      for (const surface of this.surfaces) surface.weighBoxes?.(kind === "key" && this.queries.kind === "queries" ? weights : null);
      if (this.drawsCurves) this.remeasure();
      this.drawCurves();
    }

    setSides(kind, index, pin) {
      for (const [side, row] of [["query", this.top], ["key", this.bottom]]) {
        if (!row) continue;
        if (this.surfaces.includes(row)) row.set(kind, index, pin);
        else row.set(kind === side ? index : null, kind === side ? pin : null);
      }
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
