// Answers in words: a list to choose from, best first, with the right one where it is known.
"use strict";
(() => {
  const { el, t, minus, choices } = jumok;

  const scoreOf = (answer) => (Number.isFinite(answer.score) ? el("small", { class: "number quiet", title: t("scoreTitle"), text: t("logProbability", minus(answer.score.toFixed(3))) }) : null);

  function list({ output, reference, panel }) {  // of answers to choose from
    const group = choices(t("answers"), output.answers.map((answer, i) => [i, answer.text || t("none"), t("answer", i + 1)]), panel.answer, (value) => panel.answerWith(Number(value)));
    [...group.children].forEach((button, i) => {
      const score = scoreOf(output.answers[i]);
      button.prepend(el("small", { class: "quiet number", text: i + 1 }));
      if (score) button.append(score);
      if (reference) jumok.compareWith(reference, output.answers[i], button);
    });
    group.classList.add("list");
    return group;
  }

  function part(output, ...children) { return el("section", { class: `answers ${output.kind}` }, el("h4", { text: output.name }), ...children); }

  function text({ output, reference, panel }) {
    if (!output.answers) return { node: part(output, el("p", { class: "only", text: output.text ?? jumok.plainly(output) })) };
    return { node: part(output, list({ output, reference, panel }), reference ? jumok.referenceLine(reference, output.answers[0]) : null) };
  }

  function plainly(what) {  // what this page cannot draw, as it came
    const { name, kind, answers, unknown, ...rest } = what;
    const said = JSON.stringify(answers ?? rest);
    return said.length > 400 ? `${said.slice(0, 399)}…` : said;
  }

  Object.assign(jumok.outputs, { text, boxes: () => null, mask: () => null });  // boxes and masks are drawn in their picture
  Object.assign(jumok, { plainly, outputPart: part, answerList: list });
})();
