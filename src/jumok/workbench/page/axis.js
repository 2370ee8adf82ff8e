// One side of attention: the tokens, cells of a picture, or object queries that look or are looked at.
"use strict";
(() => {
  const { t } = jumok;
  const SPECIAL = /^(<[^<>\s]+>|\[[A-Z]{2,}\d*\])$/;

  function shapes(labels) {  // how tokens are written: {text, joined to the one before, special}
    const marked = labels.some((label) => /^[▁Ġ]/.test(label));
    const hashed = !marked && labels.some((label) => /^##./.test(label));
    const ended = !marked && !hashed && labels.some((label) => /.(<\/w>|@@)$/.test(label));
    let open = false;
    return labels.map((label, i) => {
      const special = SPECIAL.test(label) && label !== "</w>";
      let text = label, joined = false;
      if (marked) { joined = !special && !/^[▁Ġ]/.test(label); text = label.replace(/^[▁Ġ]/, ""); }
      if (hashed) { joined = /^##./.test(label); text = label.replace(/^##/, ""); }
      if (ended) {
        joined = open;
        open = !special && (label.endsWith("@@") || (!label.endsWith("</w>") && labels.some((other) => other.endsWith("</w>"))));
        text = label.replace(/(<\/w>|@@)$/, "");
      }
      text = text.replaceAll("▁", " ").replaceAll("Ġ", " ").replaceAll("Ċ", "⏎").replaceAll("\n", "⏎").replaceAll("\t", "⇥");
      if (!text.trim()) text = "␣";
      return { text, joined: joined && i > 0, special };
    });
  }

  class Axis {
    constructor(json, look, answer) {
      this.kind = json.kind;
      this.of = json.of;
      this.name = json.name;
      this.extra = json.extra || [];
      this.rows = json.rows;
      this.columns = json.columns;
      this.cell = json.cell;
      if (this.kind === "tokens") {
        this.labels = labelsOf(json, look, answer);
        this.shapes = shapes(this.labels);
        this.count = this.labels.length;
        this.backwards = isBackwards(this.shapes, textOf(json, look, answer));
      } else if (this.kind === "cells") {
        this.count = this.extra.length + json.rows * json.columns;
      } else {
        this.count = json.count;
        const output = look.outputs.find((one) => one.name === json.name) || look.outputs.find((one) => one.objects);
        this.found = surest(output?.objects || []);
        this.limit(output?.least ?? 0);
      }
    }

    limit(least) { this.objects = [...this.found.values()].filter((one) => one.score >= least); }

    label(i) {  // as people read it
      if (this.kind === "tokens") return this.shapes[i]?.text ?? String(i + 1);
      if (this.kind === "cells") {
        if (i < this.extra.length) return this.extra[i];
        const cell = i - this.extra.length;
        return t("cell", Math.floor(cell / this.columns) + 1, (cell % this.columns) + 1);
      }
      const object = this.found.get(i);
      return object ? `${object.name} (${object.score.toFixed(2)})` : `#${i}`;
    }

    cellAt(x, y) {  // the position of a pixel of the picture, null beside the cells
      const c = Math.floor(x / this.cell[1]), r = Math.floor(y / this.cell[0]);
      if (r < 0 || c < 0 || r >= this.rows || c >= this.columns) return null;
      return this.extra.length + r * this.columns + c;
    }

    box(i) {  // where a cell is, in pixels: [x1, y1, x2, y2]
      const cell = i - this.extra.length;
      if (this.kind !== "cells" || cell < 0) return null;
      const r = Math.floor(cell / this.columns), c = cell % this.columns;
      return [c * this.cell[1], r * this.cell[0], (c + 1) * this.cell[1], (r + 1) * this.cell[0]];
    }

    moved(i, key) {  // the position that an arrow goes to from position i
      const clamp = (n) => Math.max(0, Math.min(this.count - 1, n));
      if (i === null) return 0;
      if (this.kind === "queries" && this.objects.length) {
        const at = this.objects.findIndex((one) => one.query === i);
        const next = at + (key === "ArrowRight" || key === "ArrowDown" ? 1 : -1);
        return this.objects[Math.max(0, Math.min(this.objects.length - 1, next))].query;
      }
      if (key === "ArrowRight") return clamp(i + 1);
      if (key === "ArrowLeft") return clamp(i - 1);
      const step = this.kind === "cells" ? this.columns : 1;
      const next = i + (key === "ArrowDown" ? step : -step);
      return next < 0 || next >= this.count ? i : next;
    }
  }

  function textOf(json, look, answer) {
    if (json.of === "input") return look.inputs.find((one) => one.name === json.name)?.text;
    return look.outputs.find((one) => one.name === json.name)?.answers?.[answer]?.text;
  }

  function isBackwards(shapes, text) {  // whether a model reads or writes a text from its end
    const parts = shapes.filter((shape) => !shape.special).map((shape) => shape.text);
    const plain = text?.replace(/\s/g, "");
    return Boolean(plain) && parts.join("") !== plain && parts.reverse().join("") === plain;
  }

  function surest(objects) {  // of each object query the one that it is surest of; none where a surer one stands
    const found = new Map();
    for (const object of [...objects].sort((a, b) => b.score - a.score)) {
      const asked = object.query !== null && object.query !== undefined && !object.doubtful;
      if (asked && !found.has(object.query)) found.set(object.query, object);
    }
    return found;
  }

  function labelsOf(json, look, answer) {  // an axis of an output follows the answer that is shown
    const output = json.of === "output" && answer > 0 ? look.outputs.find((one) => one.name === json.name) : null;
    const tokens = output?.answers?.[answer]?.tokens;
    if (!tokens) return json.labels;
    const best = output.answers[0].tokens;
    const same = (a, b) => a.length === b.length && a.every((label, i) => label === b[i]);
    if (same(json.labels, best)) return tokens;
    if (same(json.labels.slice(1), best.slice(0, -1))) return [json.labels[0], ...tokens.slice(0, -1)];
    return json.labels;
  }

  Object.assign(jumok, { Axis, shapes });
})();
