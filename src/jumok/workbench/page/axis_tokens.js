// The tokens of a text that is read or written, and other positions that have a name each.
"use strict";
(() => {
  const { Axis } = jumok;
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

  class TokenAxis extends Axis {
    constructor(json, look, answer) {
      super(json, look);
      this.labels = labelsOf(json, look, answer);
      this.shapes = shapes(this.labels);
      this.count = this.labels.length;
      this.backwards = isBackwards(this.shapes, textOf(json, look, answer));
    }

    label(i) { return this.shapes[i]?.text ?? String(i + 1); }  // as people read it

    first() { return Math.max(0, this.shapes.findIndex((shape) => !shape.special)); }

    telling() { return super.telling().filter((i) => !this.shapes[i].special); }

    means(i) { return !this.shapes[i].special; }
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

  jumok.axes.tokens = TokenAxis;
  jumok.shapes = shapes;
})();
