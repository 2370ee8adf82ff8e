// Cells of a row: labels by number keys or by typing their beginning, and texts; beside the image or the text they are of.
"use strict";
(() => {
  const { el, t, focusOf, focusAgain } = jumok;
  const CHIPS = 30;  // classes that are all shown
  const PAUSE = 500;  // milliseconds without typing after which a text is a change

  class LabelField {
    constructor(field, editor) {
      Object.assign(this, { field, editor, value: null });
      this.chips = el("div", { class: "chips", role: "radiogroup", "aria-label": field.name });
      this.find = el("input", {
        type: "text", class: "find", placeholder: t("typeClass"), "aria-label": t("typeClassOf", field.name), autocomplete: "off", spellcheck: "false", dir: "auto",
        oninput: () => this.draw(), onkeydown: (event) => this.key(event),
      });
      this.node = el("div", { class: "cell-field label-cell", onfocusin: () => editor.activate(this) }, el("h3", { text: field.name }), this.find, this.chips);
    }

    get classes() {
      const known = this.field.classes?.length ? this.field.classes : this.editor.session.classes.map((one) => one.name);
      return this.value !== null && !known.includes(this.value) ? [...known, this.value] : known;
    }

    get asked() { return this.find.value.trim(); }

    matches() {
      const asked = this.asked.toLowerCase();
      const begin = this.classes.filter((name) => name.toLowerCase().startsWith(asked)), within = this.classes.filter((name) => !begin.includes(name) && name.toLowerCase().includes(asked));
      return asked ? [...begin, ...within] : this.classes.length > CHIPS && this.value ? [this.value, ...this.classes.filter((name) => name !== this.value)] : this.classes;
    }

    key(event) {
      event.stopPropagation();
      if (event.isComposing || event.keyCode === 229) return;
      if (event.key === "Escape") { this.find.value = ""; this.find.blur(); this.draw(); }
      if (event.key !== "Enter" || !this.asked) return;
      event.preventDefault();
      this.choose(this.matches()[0] ?? this.asked);
    }

    choose(name) {
      this.find.value = "";
      if (document.activeElement === this.find) this.find.blur();
      this.value = name === this.value ? null : name;
      if (name !== null && !this.classes.includes(name)) this.field.classes = [...(this.field.classes ?? []), name];
      this.draw();
      this.editor.done();
    }

    set(value) { this.value = value ?? null; this.draw(); }

    suggest(value, score) { [this.proposed, this.score] = [value ?? null, score]; this.draw(); }

    accept() {
      if (!this.proposed || this.value !== null) return false;
      this.choose(this.proposed);
      return true;
    }

    digit(n) { if (this.classes[n - 1] !== undefined) this.choose(this.classes[n - 1]); }

    draw() {
      const focused = focusOf(this.chips), found = this.matches(), shown = found.slice(0, CHIPS), colours = new Map(this.editor.session.classes.map((one) => [one.name, one.color]));
      if (this.proposed && this.value === null && !shown.includes(this.proposed) && !this.asked) shown.unshift(this.proposed);
      const chip = (name) => {
        const n = this.classes.indexOf(name), ghost = this.value === null && name === this.proposed;
        return el("button", { type: "button", role: "radio", "data-id": name, "aria-checked": String(name === this.value), class: ghost ? "choice ghost" : "choice", title: ghost ? t("proposedTitle") : name, onclick: () => this.choose(name) },
          el("i", { class: "chip", style: { "--c": colours.get(name) ?? "var(--strong)" } }), el("span", { class: "name", dir: "auto", text: name }),
          ghost ? el("span", { class: "number", text: [t("proposed"), this.score === undefined ? "" : this.score.toFixed(2)].join(" ") }) : null, n < 9 && !this.asked ? el("kbd", { text: n + 1, "aria-hidden": "true" }) : null);
      };
      const novel = this.asked && !this.classes.includes(this.asked) ? [el("button", { type: "button", class: "choice new", text: t("useNew", this.asked), onclick: () => this.choose(this.asked) })] : [];
      this.chips.replaceChildren(...shown.map(chip), ...novel, ...(found.length > CHIPS ? [el("span", { class: "quiet", text: t("moreClasses", found.length - CHIPS) })] : []));
      focusAgain(this.chips, focused);
    }

    focus() { this.find.focus(); }

    finish() {}
  }

  class TextField {
    constructor(field, editor) {
      Object.assign(this, { field, editor, written: null });
      this.area = el("textarea", {
        rows: field.kind === "text" ? 3 : 1, dir: "auto", "aria-label": field.name, spellcheck: field.kind === "text" ? "true" : "false", autocomplete: "off",
        oncompositionstart: () => { this.composing = true; clearTimeout(this.timer); }, oncompositionend: () => { this.composing = false; this.typed(); },
        oninput: (event) => { if (!this.composing && !event.isComposing) this.typed(); }, onblur: () => this.finish(), onkeydown: (event) => this.key(event),
      });
      this.take = el("button", { type: "button", class: "link", hidden: true, onclick: () => this.accept(true) });
      this.node = el("div", { class: "cell-field", onfocusin: () => editor.activate(this) }, el("h3", { text: field.name }), this.area, this.take);
    }

    get value() {  // what was not touched stays as it came, whatever a text area makes of it
      return this.area.value === this.came ? this.original : this.area.value === "" ? null : this.area.value;
    }

    typed() {
      clearTimeout(this.timer);
      this.show();
      this.timer = setTimeout(() => this.finish(), PAUSE);
    }

    finish() {  // what stands there is a change
      clearTimeout(this.timer);
      if (this.composing || this.value === this.written) return;
      this.written = this.value;
      this.editor.done();
    }

    key(event) {
      event.stopPropagation();
      if (event.isComposing || event.keyCode === 229) return;  // the Enter that ends a syllable ends nothing else
      if (event.key === "Escape") this.area.blur();
      if (event.key !== "Enter" || event.shiftKey) return;
      event.preventDefault();
      if (this.accept()) return;
      this.finish();
      this.editor.onward(this);
    }

    set(value) {
      this.area.value = value ?? "";
      [this.original, this.came] = [value ?? null, this.area.value];
      this.written = this.value;
      clearTimeout(this.timer);
      this.show();
    }

    suggest(value, score) { [this.proposed, this.score] = [value ?? null, score]; this.show(); }

    accept(replace = false) {
      if (!this.proposed || (this.value !== null && !replace) || this.value === this.proposed) return false;
      this.area.value = this.proposed;
      this.finish();
      this.show();
      return true;
    }

    show() {
      const ghost = this.proposed && this.proposed !== this.value;
      this.area.placeholder = ghost && this.value === null ? this.proposed : "";
      this.take.hidden = !ghost;
      this.take.textContent = ghost ? (this.value === null ? t("enterTakes", this.score === undefined ? "" : this.score.toFixed(2)) : t("takeProposal", this.proposed)) : "";
    }

    focus() { this.area.focus(); }
  }

  class TableEditor {
    constructor(host, context) {
      Object.assign(this, { host, context, session: context.session, tools: [], current: null });
      const { item, session } = context;
      this.fields = session.fields.map((field) => new (field.kind === "label" ? LabelField : TextField)(field, this));
      this.media = item.size ? el("img", { class: "shown-image", src: context.image, alt: t("imageNamed", item.name) }) : null;
      const texts = Object.entries(item.text ?? {}).map(([name, value]) => el("div", { class: "shown-text" }, el("h4", { text: name }), el("p", { dir: "auto", text: value })));
      this.node = el("div", { class: "table-editor" }, el("div", { class: "shown" }, this.media, texts), el("div", { class: "cells" }, this.fields.map((field) => field.node)));
      host.append(this.node);
      this.setMarks(context.marks);
      this.activate(this.fields[0]);
      if (context.view.typing && this.active instanceof TextField) this.active.focus();
    }

    activate(field) {
      this.active = field;
      for (const one of this.fields) one.node.classList.toggle("active", one === field && this.fields.length > 1);
    }

    done() { this.context.changed(); }

    onward(field) {  // the next field, or the next item
      const next = this.fields[this.fields.indexOf(field) + 1];
      this.context.view.typing = true;
      if (next) next.focus();
      else this.context.next();
    }

    finish() { for (const field of this.fields) field.finish(); }

    marks() { return { values: { ...this.context.marks.values, ...Object.fromEntries(this.fields.map((field) => [field.field.name, field.value])) } }; }

    state() { return this.marks(); }

    restore(state) { this.setMarks(state); }

    setMarks(marks) { for (const field of this.fields) field.set(marks.values[field.field.name]); }

    setProposals(found) {
      const { values = {}, scores = {} } = found?.marks ?? {};
      for (const field of this.fields) {
        const { name } = field.field, value = values[name], score = scores[name];
        field.suggest(value, typeof score === "object" ? score?.[value] : score);
      }
    }

    setClass() {}

    tool() {}

    typing() { return this.node.contains(document.activeElement) && document.activeElement.matches("textarea, input") && this.fields.some((field) => field.written !== undefined && field.value !== field.written); }

    digit(n) { if (this.active instanceof LabelField) this.active.digit(n); }

    key(event) {
      if (event.ctrlKey || event.metaKey || event.altKey) return false;
      if (/^[1-9]$/.test(event.key) && this.active instanceof LabelField) this.digit(Number(event.key));
      else if (event.key.toLowerCase() === "t") { event.preventDefault(); this.active.focus(); }
      else return false;
      return true;
    }

    show() {}

    accept(all) {
      let taken = false;
      for (const field of this.fields) if (all || !taken) taken = field.accept() || taken;
      if (taken) this.context.status(t("accepted"));
    }

    reject() { for (const field of this.fields) field.suggest(null); }

    copyFrom(marks) {
      this.setMarks(marks);
      this.done();
    }

    fit() {}

    close() { this.node.remove(); }

    summary() { return this.fields.map((field) => `${field.field.name}: ${field.value ?? t("empty")}`).join(", "); }

    list() {
      return this.fields.filter((field) => field.value !== null).map((field) => ({ id: field.field.name, class: field.field.kind === "label" ? field.value : null, text: field.field.name, selected: false }));
    }

    select(name) { this.fields.find((field) => field.field.name === name)?.focus(); }
  }

  jumok.editors.values = (host, context) => new TableEditor(host, context);
})();
