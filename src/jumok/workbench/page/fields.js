// Where the model is given something: a field to type into, and one that takes files. Kinds of inputs make theirs of these.
"use strict";
(() => {
  const { el, t } = jumok;

  class TextField {
    constructor({ input, form }) {
      Object.assign(this, { input, form });
      this.area = el("textarea", {
        rows: 1, id: `input-${input.name}`, placeholder: t(input.optional ? "inputOptional" : "inputHint"), spellcheck: "false", autocomplete: "off",
        oninput: () => { form.values[input.name] = this.area.value; grow(this.area); },
        onkeydown: (event) => {
          if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
          event.preventDefault();
          form.send();
        },
      });
      this.node = el("div", { class: "field" }, el("label", { for: this.area.id, text: input.name }), this.area);
      this.show(form.values[input.name]);
      form.values[input.name] ??= "";
    }

    show(value) {
      this.area.value = typeof value === "string" ? value : value?.label ?? "";
      requestAnimationFrame(() => grow(this.area));
    }

    accepts() { return false; }

    lacks() { return this.form.fields.length === 1 && this.form.values[this.input.name]?.trim?.() === "" ? t("empty") : null; }
  }

  class DropField {  // `accept`: types of files; `invitation`: what may be dropped
    constructor({ input, form, accept, invitation, none }) {
      Object.assign(this, { input, form, none });
      this.file = el("input", { type: "file", accept, class: "unseen", id: `input-${input.name}`, onchange: () => { if (this.file.files[0]) this.take(this.file.files[0]); this.file.value = ""; } });
      this.image = el("img", { alt: "", hidden: true });
      this.about = el("span", { class: "quiet about" });
      this.clear = input.optional ? el("button", { type: "button", class: "link", text: t("takeAway"), hidden: true, onclick: () => { delete form.values[input.name]; this.show(undefined); form.send(); } }) : null;
      this.middle = el("span", { class: "quiet" }, `${t(invitation)} `, el("button", { type: "button", class: "link", text: t("chooseFile"), onclick: () => this.file.click() }));
      this.node = el("div", { class: "field drop" }, el("label", { for: this.file.id, text: input.name }), this.image, this.about,
        input.optional ? el("small", { class: "tag", text: t("optional") }) : null, this.middle, this.clear, this.file);
      this.show(form.values[input.name]);
    }

    show(value) {
      const { image } = this;
      if (image.src.startsWith("blob:")) URL.revokeObjectURL(image.src);
      if (value?.thumbnail) image.src = value.thumbnail;
      else if (value instanceof Blob && value.type.startsWith("image/")) image.src = URL.createObjectURL(value);
      else image.removeAttribute("src");
      image.hidden = !image.getAttribute("src");
      this.about.textContent = this.describe(value);
      if (this.clear) this.clear.hidden = !value;
    }

    describe(value) { return value && this.image.hidden ? value.label ?? value.name ?? "" : ""; }

    give(value) {
      this.form.values[this.input.name] = value;
      this.show(value);
      this.form.send();
    }

    lacks() { return this.form.values[this.input.name] || this.input.optional ? null : t(this.none); }
  }

  function grow(area) {
    area.style.height = "auto";
    area.style.height = `${Math.min(area.scrollHeight + 2, 104)}px`;
  }

  jumok.fields.text = TextField;
  Object.assign(jumok, { TextField, DropField });
})();
