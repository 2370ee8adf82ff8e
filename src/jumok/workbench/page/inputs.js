// What the model is asked: a text to type, a picture to drop, and examples.
"use strict";
(() => {
  const { el, t } = jumok;

  class Inputs {
    constructor({ run, values, submit }) {
      Object.assign(this, { run, submit });
      this.values = values;  // by name: a text, a File, or {example, thumbnail}
      this.fields = run.inputs.map((input) => (input.kind === "image" ? this.pictureField(input) : this.textField(input)));
      this.complaint = el("p", { class: "wrong", role: "alert", hidden: true });
      this.button = el("button", { type: "submit", class: "look", text: t("look") });
      this.node = el("form", {
        class: "inputs", onsubmit: (event) => { event.preventDefault(); this.send(); },
        ondragover: (event) => { event.preventDefault(); this.node.classList.add("dragged"); },
        ondragleave: (event) => { if (!this.node.contains(event.relatedTarget)) this.node.classList.remove("dragged"); },
        ondrop: (event) => this.drop(event),
      }, el("div", { class: "fields" }, this.fields, this.button), this.examples(), this.complaint);
    }

    textField(input) {
      const area = el("textarea", {
        rows: 1, id: `input-${input.name}`, placeholder: t("inputHint"), spellcheck: "false", autocomplete: "off",
        oninput: () => { this.values[input.name] = area.value; grow(area); },
        onkeydown: (event) => {
          if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
          event.preventDefault();
          this.send();
        },
      });
      area.value = typeof this.values[input.name] === "string" ? this.values[input.name] : "";
      this.values[input.name] = area.value;
      requestAnimationFrame(() => grow(area));
      return el("div", { class: "field" }, el("label", { for: area.id, text: input.name }), area);
    }

    pictureField(input) {
      const file = el("input", { type: "file", accept: "image/*", class: "unseen", id: `input-${input.name}`, onchange: () => this.take(input.name, file.files[0]) });
      const value = this.values[input.name];
      this.thumbnails ||= {};
      const image = el("img", { alt: "", hidden: true });
      this.thumbnails[input.name] = image;
      if (value) this.preview(input.name, value);
      return el("div", { class: "field drop" }, el("label", { for: file.id, text: input.name }), image,
        el("span", { class: "quiet" }, `${t("dropHere")} `, el("button", { type: "button", class: "link", text: t("chooseFile"), onclick: () => file.click() })), file);
    }

    preview(name, value) {
      const image = this.thumbnails[name];
      if (!value) image.removeAttribute("src");
      else if (value.thumbnail) image.src = value.thumbnail;
      else if (value instanceof Blob) {
        if (image.src.startsWith("blob:")) URL.revokeObjectURL(image.src);
        image.src = URL.createObjectURL(value);
      }
      image.hidden = !image.getAttribute("src");
    }

    take(name, file) {
      if (!file) return;
      if (!file.type.startsWith("image/")) { this.complain(t("notPicture")); return; }
      this.values[name] = file;
      this.preview(name, file);
      this.send();
    }

    drop(event) {
      event.preventDefault();
      this.node.classList.remove("dragged");
      this.takeAny(event.dataTransfer);
    }

    takeAny(transfer) {  // a picture that was dropped or pasted somewhere
      const input = this.run.inputs.find((one) => one.kind === "image");
      const file = [...(transfer?.files || [])][0];
      if (!input || !file) return false;
      this.take(input.name, file);
      return true;
    }

    examples() {
      if (!this.run.examples?.length) return null;
      return el("div", { class: "examples", role: "group", "aria-label": t("examples") }, el("span", { class: "quiet", text: t("examples") }),
        this.run.examples.map((example) => {
          const picture = Object.values(example.inputs).find((value) => value?.thumbnail);
          return el("button", { type: "button", class: picture ? "example picture-example" : "example", title: example.label, "aria-label": example.label, onclick: () => this.choose(example) },
            picture ? el("img", { src: picture.thumbnail, alt: "" }) : example.label);
        }));
    }

    choose(example) {
      for (const input of this.run.inputs) {
        const value = example.inputs[input.name];
        if (value === undefined && !input.optional) continue;
        if (value === undefined) delete this.values[input.name];
        else this.values[input.name] = value;
        if (input.kind === "image") this.preview(input.name, value);
        else {
          const area = this.node.querySelector(`#${CSS.escape(`input-${input.name}`)}`);
          area.value = value ?? "";
          grow(area);
        }
      }
      this.send();
    }

    complain(text) {
      this.complaint.hidden = !text;
      this.complaint.textContent = text || "";
    }

    send() {
      for (const input of this.run.inputs) {
        const value = this.values[input.name];
        if (input.kind === "image" ? !value && !input.optional : this.run.inputs.length === 1 && !value?.trim()) {
          this.complain(t(input.kind === "image" ? "noPicture" : "empty"));
          return;
        }
      }
      this.complain(null);
      this.submit(this.values);
    }

    focus() { this.node.querySelector("textarea, .drop button")?.focus(); }
  }

  function grow(area) {
    area.style.height = "auto";
    area.style.height = `${Math.min(area.scrollHeight + 2, 104)}px`;
  }

  function request(run, values) {  // as JSON, or with files
    if (!Object.values(values).some((value) => value instanceof Blob)) {
      const plain = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value?.example !== undefined ? { example: value.example } : value]));
      return { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ run, inputs: plain }) };
    }
    const form = new FormData();
    form.append("run", run);
    for (const [name, value] of Object.entries(values)) form.append(name, value instanceof Blob ? value : value?.example !== undefined ? JSON.stringify({ example: value.example }) : value);
    return { method: "POST", body: form };
  }

  Object.assign(jumok, { Inputs, request });
})();
