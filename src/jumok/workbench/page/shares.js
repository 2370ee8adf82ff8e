// How much of what an output looks at falls on each of several inputs: the sum of the weights of its states.
"use strict";
(() => {
  const { el, t, exact } = jumok;

  function siblings(look, attention) {  // the attentions of the same queries to each of the inputs
    const same = look.attentions.filter((one) => one.use === "cross" && one.queries.name === attention.queries.name && one.queries.kind === attention.queries.kind && one.layers.length === attention.layers.length);
    return attention.use === "cross" && same.length > 1 ? same : [];
  }

  class Shares {
    constructor({ look, attention, source, path, choose }) {
      Object.assign(this, { attention, source, path });
      this.parts = siblings(look, attention);
      this.bars = this.parts.map((one) => el("button", {
        type: "button", class: "share", "aria-current": one.id === attention.id ? "true" : null, title: t("lookAtInput", one.keys.name), onclick: () => choose(one),
      }, el("span", { class: "label", text: one.keys.name }), el("span", { class: "measure" }, el("i")), el("span", { class: "number", text: exact(null) })));
      const absent = look.inputs.filter((input) => input.absent).map((input) => el("p", { class: "quiet", text: t("absentShort", input.name) }));
      this.scope = el("p", { class: "quiet", text: "\u00a0" });
      this.node = this.parts.length ? el("section", { class: "card shares" }, el("h3", { text: t("shares") }), this.scope, this.bars, absent, el("p", { class: "quiet", text: t("sharesHelp") })) : null;
    }

    async show({ kind, index, layer, head, view }) {  // of a query, in the head that is looked through, else in the mean of all
      if (!this.parts.length || kind !== "query") return;
      const mine = this.asked = {};
      const rows = await Promise.all(this.parts.map((one) => this.source.get(this.path("row", { query: index, attention: one.id })).catch(() => null)));
      if (mine !== this.asked) return;
      const one = view === "head";
      this.scope.textContent = one ? t("layerHead", layer + 1, head + 1) : t("mean");
      rows.forEach((row, n) => {
        const heads = row ? (one ? [row.weights[layer][head]] : row.weights.flat()) : [];
        const share = heads.length ? heads.reduce((sum, weights) => sum + weights.reduce((a, b) => a + b, 0), 0) / heads.length : null;
        this.bars[n].children[1].firstChild.style.setProperty("--w", (share ?? 0).toFixed(4));
        this.bars[n].lastChild.textContent = exact(share);
      });
    }
  }

  jumok.Shares = Shares;
})();
