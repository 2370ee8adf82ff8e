// The object queries of a head that finds boxes, each by the object that it found.
"use strict";
(() => {
  const { Axis, clamp } = jumok;

  class QueryAxis extends Axis {
    constructor(json, look) {
      super(json, look);
      this.count = json.count;
      const output = look.outputs.find((one) => one.name === json.name) || look.outputs.find((one) => one.objects);
      this.found = surest(output?.objects || []);
      this.limit(output?.least ?? 0);
    }

    limit(least) { this.objects = [...this.found.values()].filter((one) => one.score >= least); }

    label(i) {
      const object = this.found.get(i);
      return object ? `${object.name} (${object.score.toFixed(2)})` : `#${i}`;
    }

    first() { return this.objects[0]?.query ?? 0; }

    telling() { return this.objects.map((one) => one.query); }

    moved(i, key) {  // to the next object that was found
      if (i === null || !this.objects.length) return super.moved(i, key);
      const at = this.objects.findIndex((one) => one.query === i);
      return this.objects[clamp(at + (key === "ArrowRight" || key === "ArrowDown" ? 1 : -1), this.objects.length)].query;
    }
  }

  function surest(objects) {  // of each object query the one that it is surest of; none where a surer one stands
    const found = new Map();
    for (const object of [...objects].sort((a, b) => b.score - a.score)) {
      const asked = object.query !== null && object.query !== undefined && !object.doubtful;
      if (asked && !found.has(object.query)) found.set(object.query, object);
    }
    return found;
  }

  jumok.axes.queries = QueryAxis;
})();
