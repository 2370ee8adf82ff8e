// Classes by their probability: the one that was chosen, and the right one beside it.
"use strict";
(() => {
  const { el, t, outputPart, answerList } = jumok;
  const SHOWN = 6;  // classes, until somebody wants all

  function classesIn(said, known) {  // of an answer, which may name several
    if (!said) return [];
    if (said.labels) return said.labels;
    return said.text in known ? [said.text] : String(said.text).split(", ").filter((name) => name in known);
  }

  function breakable(name) {  // where a line may end, so that a narrow screen does not cut words
    return name.split(/(?<=[_./-])/).flatMap((part, i) => (i ? [el("wbr"), part] : [part]));
  }

  function row(name, p, chosen, right) {
    const tags = [chosen ? el("small", { class: "tag sure", text: t("chosen") }) : null, right ? el("small", { class: chosen ? "tag sure" : "tag wrong", text: t("isRight") }) : null];
    return el("li", { class: `class ${chosen ? "chosen" : ""} ${right ? "right" : ""}` },
      el("span", { class: "label", title: name }, breakable(name)), el("span", { class: "measure" }, el("i", { style: { "--w": p.toFixed(4) } })), el("span", { class: "number", text: p.toFixed(p > 0.9995 || p < 0.0005 ? 4 : 3) }), el("span", { class: "tags" }, tags));
  }

  function label({ output, reference, panel }) {
    const bars = el("ol", { class: "classes-bars", "aria-label": t("probabilities", output.name) });
    const more = el("button", { type: "button", class: "link", onclick: () => { all = true; show(panel.answer); } });
    let all = false;
    function show(number) {
      const answer = output.answers[number] ?? output.answers[0], known = answer.probabilities ?? {};
      const chosen = new Set(classesIn(answer, known)), right = new Set(classesIn(reference, known));
      const order = Object.keys(known).sort((a, b) => known[b] - known[a]);
      const shown = order.filter((name, i) => all || i < SHOWN || chosen.has(name) || right.has(name));
      bars.replaceChildren(...shown.map((name) => row(name, known[name], chosen.has(name), right.has(name))));
      more.hidden = shown.length === order.length;
      more.textContent = t("rest", order.length - shown.length);
    }
    const unknown = reference && !classesIn(reference, output.answers[0].probabilities ?? {}).length;  // a class that the model does not know
    const list = output.answers.length > 1 ? answerList({ output, reference, panel }) : output.answers[0].probabilities ? null : el("p", { class: "only", text: output.answers[0].text || t("none") });
    show(panel.answer);
    return { node: outputPart(output, list, bars, more, unknown ? jumok.referenceLine(reference) : null), show };
  }

  jumok.outputs.label = label;
})();
