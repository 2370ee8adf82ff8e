// What stands beside the image: the classes, and the list of objects.
"use strict";
(() => {
  const { el, t, focusOf, focusAgain } = jumok;

  const MOST = 120;  // rows of objects that are shown

  class ClassPanel {
    constructor({ session, items, desk, choose, add }) {
      Object.assign(this, { session, items, desk, choose, add });
      this.list = el("ul", { class: "class-list", "aria-label": t("classes") });
      this.field = el("input", { type: "text", "aria-label": t("newClass"), placeholder: t("newClass"), maxlength: 200, autocomplete: "off", spellcheck: "false" });
      this.form = el("form", { class: "add", onsubmit: (event) => { event.preventDefault(); this.submit(); } }, this.field, el("button", { type: "submit", text: t("addClass") }));
      this.fault = el("p", { class: "wrong", role: "alert", hidden: true });
      this.node = el("section", { class: "card classes-card", "aria-label": t("classes") }, el("header", {}, el("h3", { text: t("classes") })), this.list, this.form, this.fault);
      this.update();
    }

    async submit() {
      const name = this.field.value.trim();
      if (!name) return;
      this.fault.hidden = true;
      try {
        await this.add(name);
        this.field.value = "";
        this.field.blur();
      } catch (error) {
        this.fault.textContent = error.sentence ? jumok.said(error.sentence) : t("away");
        this.fault.hidden = false;
      }
    }

    update() {
      const counts = this.items.counts(), { className, hidden } = this.desk, focused = focusOf(this.list);
      const shape = JSON.stringify([this.session.classes, counts, className, [...hidden]]);
      if (this.shape === shape) return;
      this.shape = shape;
      this.list.replaceChildren(...this.session.classes.map((one, c) => el("li", { class: hidden.has(one.name) ? "hidden" : "" },
        el("button", { type: "button", class: "pick", "data-id": one.name, "aria-pressed": String(one.name === className), onclick: () => this.choose(one.name), title: c < 9 ? t("classKey", one.name, c + 1) : one.name },
          el("i", { class: "chip", style: { "--c": one.color } }), el("span", { class: "name", text: one.name }), c < 9 ? el("kbd", { text: c + 1, "aria-hidden": "true" }) : null),
        el("span", { class: "number quiet", text: counts[c].toLocaleString(), title: t("itemsWith", one.name, counts[c]) }),
        el("button", { type: "button", class: "eye", "data-id": `eye ${one.name}`, "aria-pressed": String(!hidden.has(one.name)), "aria-label": t("showClass", one.name), title: t("showClass", one.name), onclick: () => {
          if (!hidden.delete(one.name)) hidden.add(one.name);
          this.desk.show();
          this.update();
        } }, el("i", { "aria-hidden": "true", text: hidden.has(one.name) ? "○" : "◉" })))));
      focusAgain(this.list, focused);
    }
  }

  class ObjectPanel {
    constructor({ session, desk }) {
      Object.assign(this, { session, desk });
      this.list = el("ul", { class: "object-list", "aria-label": t("objects") });
      this.none = el("p", { class: "quiet", text: t("noObjects") });
      this.count = el("span", { class: "number quiet" });
      this.node = el("section", { class: "card objects-card", "aria-label": t("objects") }, el("header", {}, el("h3", { text: t("objects") }), this.count), this.none, this.list);
    }

    update() {
      const rows = this.desk.editor?.list() ?? [], marked = rows.filter((row) => !row.proposal);
      const colours = new Map(this.session.classes.map((one) => [one.name, one.color])), focused = focusOf(this.list);
      this.none.hidden = rows.length > 0;
      this.count.textContent = rows.length === marked.length ? rows.length || "" : t("markedAndProposed", marked.length, rows.length - marked.length);
      const first = Math.max(0, Math.min(rows.findIndex((row) => row.selected) - MOST / 2, rows.length - MOST)), seen = rows.slice(first, first + MOST);
      const shape = JSON.stringify([seen, rows.length]);
      if (this.shape === shape) return;
      this.shape = shape;
      const rest = rows.length > seen.length ? [el("li", { class: "quiet", text: t("moreObjects", rows.length - seen.length) })] : [];
      this.list.replaceChildren(...seen.map((row) => el("li", {}, el("button", {
        type: "button", class: row.proposal ? "proposal" : "", "aria-pressed": String(Boolean(row.selected)), "data-id": row.id, onclick: () => { this.desk.editor.select(row.id); this.desk.hooks.refresh(); },
      }, el("i", { class: "chip", style: { "--c": colours.get(row.class) ?? "var(--strong)" } }), el("span", { class: "name", text: row.class ?? row.text }), el("span", { class: "what quiet", text: row.class ? row.text.replace(row.class, "").trim() : "" }),
      row.proposal ? el("span", { class: "unseen", text: t("proposed") }) : null, row.score === undefined || row.score === null ? null : el("span", { class: "number", text: row.score.toFixed(2) })))), ...rest);
      focusAgain(this.list, focused);
    }
  }

  Object.assign(jumok, { ClassPanel, ObjectPanel });
})();
