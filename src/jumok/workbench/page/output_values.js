// Numbers with the interval in which the model expects them, and the right ones as ticks.
"use strict";
(() => {
  const { el, svg, t, brief, outputPart, answerList } = jumok;
  const WIDE = 240, HIGH = 22;

  function rightOf(reference, one, count) {
    const found = reference?.values?.find((other) => other.name === one.name)?.value;
    const said = found ?? (reference && count === 1 ? Number(reference.text) : undefined);
    return Number.isFinite(said) ? said : null;
  }

  function bar({ value, low, high }, right) {  // on a scale of its own: names may have different units
    const known = [value, low, high, right].filter((x) => Number.isFinite(x));
    const least = Math.min(...known), most = Math.max(...known), room = (most - least || Math.abs(value) || 1) * 0.12;
    const x = (number) => (((number - least + room) / (most - least + 2 * room)) * WIDE).toFixed(1);
    const interval = Number.isFinite(low) && Number.isFinite(high);
    return svg("svg", { class: "interval", viewBox: `0 0 ${WIDE} ${HIGH}`, preserveAspectRatio: "none", "aria-hidden": "true" },
      svg("line", { class: "axis", x1: 0, x2: WIDE, y1: HIGH / 2, y2: HIGH / 2 }),
      interval ? svg("rect", { class: "span", x: x(low), width: Math.max(2, x(high) - x(low)), y: 6, height: HIGH - 12, rx: 3 }) : null,
      svg("rect", { class: "value", x: x(value) - 1.5, width: 3, y: 3, height: HIGH - 6 }),
      right === null ? null : svg("rect", { class: "right", x: x(right) - 1, width: 2, y: 0, height: HIGH }));
  }

  function row(one, right) {
    const interval = Number.isFinite(one.low) && Number.isFinite(one.high);
    const inside = interval && right !== null && right >= one.low && right <= one.high;
    return el("li", {}, el("span", { class: "label", text: one.name }), el("b", { class: "number", text: brief(one.value) }), bar(one, right),
      el("span", { class: "quiet number", text: interval ? t("between", brief(one.low), brief(one.high), one.level ?? null) : "" }),
      right === null ? null : el("span", { class: "number right" }, `${t("rightValue", brief(right))} `, interval ? el("small", { class: inside ? "tag sure" : "tag wrong", text: t(inside ? "inside" : "outside") }) : null));
  }

  function values({ output, reference, panel }) {
    const rows = el("ol", { class: "values" });
    function show(number) {
      const { values: all } = output.answers[number] ?? output.answers[0];
      rows.replaceChildren(...all.map((one) => row(one, rightOf(reference, one, all.length))));
    }
    show(panel.answer);
    return { node: outputPart(output, output.answers.length > 1 ? answerList({ output, reference, panel }) : null, rows), show };
  }

  jumok.outputs.values = values;
})();
