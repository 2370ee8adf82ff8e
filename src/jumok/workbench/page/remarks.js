// What is said beside an answer: unknown characters of the input, and the right answer where it is known.
"use strict";
(() => {
  const { el, t, shapes } = jumok;
  const SHOWN = 5;  // unknown pieces that are named

  function remarks(look) {  // of inputs that the model cannot read as they are
    return look.inputs.filter((input) => input.unknown?.length).map((input) => {
      const pieces = input.unknown.slice(0, SHOWN).map((piece) => `“${piece}”`).join(", ");
      return el("p", { class: "card note", role: "note", text: t("unknown", pieces, input.unknown.length - SHOWN) });
    });
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

  Object.assign(jumok, { remarks, compareWith, referenceLine });
})();
