// One side of attention: the positions that look or are looked at. Each kind of axis is a file of its own.
"use strict";
(() => {
  const clamp = (n, count) => Math.max(0, Math.min(count - 1, n));

  class Axis {
    constructor(json, look) {
      Object.assign(this, { kind: json.kind, of: json.of, name: json.name, extra: json.extra || [] });
      this.input = json.of === "input" ? look.inputs.find((one) => one.name === json.name) : undefined;
      this.count = 0;
    }

    get caption() { return this.name; }  // what a choice of attentions calls it

    get grid() { return null; }  // {rows, columns} where positions stand in a grid

    label(i) { return String(i + 1); }

    first() { return 0; }  // the position that a page opens on

    telling() { return Array.from({ length: this.count }, (_, i) => i); }  // positions worth asking about

    means() { return true; }  // whether a position stands for something, and is no mark of the model's own

    moved(i, key) {  // the position that an arrow goes to from position i
      return i === null ? 0 : clamp(i + (key === "ArrowRight" || key === "ArrowDown" ? 1 : -1), this.count);
    }
  }

  class NumberedAxis extends Axis {  // of a kind that this page does not know: by its labels, else by numbers
    constructor(json, look) {
      super(json, look);
      this.labels = json.labels ?? Array.from({ length: json.count ?? json.intervals?.length ?? 0 }, (_, i) => String(i + 1));
      this.shapes = this.labels.map((label) => ({ text: String(label), joined: false, special: false }));
      this.count = this.labels.length;
    }

    label(i) { return this.shapes[i]?.text ?? String(i + 1); }
  }

  const axisOf = (json, look, answer) => new (jumok.axes[json.kind] ?? NumberedAxis)(json, look, answer);

  Object.assign(jumok, { Axis, axisOf, clamp });
})();
