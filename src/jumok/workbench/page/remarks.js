// What is said beside an answer: of inputs that are unknown, absent or not drawn, of the right answer, of what cannot be seen.
"use strict";
(() => {
  const { el, t, said, shapes } = jumok;
  const SHOWN = 5;  // unknown pieces that are named

  function remarks(look) {  // of inputs that the model cannot read as they are, and of those that it was not given
    const note = (text) => el("p", { class: "card note", role: "note", text });
    const unknown = look.inputs.filter((input) => input.unknown?.length).map((input) => {
      const pieces = input.unknown.slice(0, SHOWN).map((piece) => `“${piece}”`).join(", ");
      return note(t("unknown", pieces, input.unknown.length - SHOWN));
    });
    return [...unknown, ...look.inputs.filter((input) => input.absent).map((input) => note(t("absent", input.name)))];
  }

  function inputInWords(input) {  // of a kind that this page does not draw
    const undrawn = input.kind !== "text" ? el("p", { class: "quiet", text: t("notDrawn", input.kind) }) : null;
    return el("section", { class: "answers words" }, el("h4", { text: input.name }), el("p", { class: "only", text: input.text ?? jumok.plainly(input) }), undrawn);
  }

  function emptiness({ reason, text }) {
    return el("section", { class: "card nothing" }, reason === "bottleneck" ? drawnNothing() : null, el("div", {}, el("h3", { text: t("nothing") }),
      el("p", { text: said(text) }), el("p", { class: "quiet", text: t("tryInstead") })));
  }

  function drawnNothing() {  // many lines into one point, and one out of it
    const { svg } = jumok;
    const lines = [14, 32, 50, 68, 86].map((y) => svg("path", { d: `M6 ${y}C40 ${y} 40 50 62 50` }));
    return svg("svg", { class: "bottle", viewBox: "0 0 130 100", "aria-hidden": "true" }, ...lines, svg("path", { d: "M74 50C90 50 96 50 124 50" }), svg("circle", { cx: 68, cy: 50, r: 6 }));
  }

  function common(a, b) {  // which tokens of a are in order in b, too: the longest common subsequence
    const length = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
    for (let i = a.length - 1; i >= 0; i--) {
      for (let j = b.length - 1; j >= 0; j--) length[i][j] = a[i] === b[j] ? length[i + 1][j + 1] + 1 : Math.max(length[i + 1][j], length[i][j + 1]);
    }
    const kept = new Set();
    for (let i = 0, j = 0; i < a.length && j < b.length;) {
      if (a[i] === b[j]) { kept.add(i); i++; j++; } else if (length[i + 1][j] >= length[i][j + 1]) i++;
      else j++;
    }
    return kept;
  }

  function compareWith(reference, answer, button) {  // mark what the reference does not have
    const right = answer.text === reference.text;
    button.append(el("small", { class: right ? "tag sure" : "tag wrong", text: t(right ? "isRight" : "differs") }));
    if (right || !answer.tokens?.length || !reference.tokens?.length) return;
    const kept = common(answer.tokens, reference.tokens), parts = shapes(answer.tokens);
    const written = parts.map((shape, i) => [shape, kept.has(i)]).filter(([shape]) => !shape.special);
    const words = written.map(([shape, is], n) => [answer.text.includes(" ") && n > 0 && !shape.joined ? " " : "", is ? shape.text : el("mark", { class: "differs", text: shape.text })]);
    const joined = words.flat().map((part) => part.textContent ?? part).join("");
    const backwards = [...words].reverse().map((pair) => [...pair].reverse());
    const text = [...button.children].find((child) => child.tagName === "SPAN");
    if (joined === answer.text) text.replaceChildren(...words.flat());
    else if (backwards.flat().map((part) => part.textContent ?? part).join("") === answer.text) text.replaceChildren(...backwards.flat());
  }

  const referenceLine = (reference) => el("p", { class: "quiet reference" }, `${t("reference")}: `, el("span", { text: reference.text }));

  Object.assign(jumok, { remarks, compareWith, referenceLine, inputInWords, emptiness });
})();
