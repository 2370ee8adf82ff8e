// What the model is asked: a field for each input, and examples.
"use strict";
(() => {
  const { el, t } = jumok;

  class Inputs {
    constructor({ run, values, submit }) {
      Object.assign(this, { run, submit });
      this.values = values;  // by name: a text, a File, {example, thumbnail}, or {rows}
      this.fields = [];
      for (const input of run.inputs) this.fields.push(new (jumok.fields[input.kind] ?? jumok.fields.text)({ input, form: this }));
      this.complaint = el("p", { class: "wrong", role: "alert", hidden: true });
      this.button = el("button", { type: "submit", class: "look", text: t("look") });
      this.node = el("form", {
        class: "inputs", onsubmit: (event) => { event.preventDefault(); this.send(); },
        ondragover: (event) => { event.preventDefault(); this.node.classList.add("dragged"); },
        ondragleave: (event) => { if (!this.node.contains(event.relatedTarget)) this.node.classList.remove("dragged"); },
        ondrop: (event) => this.drop(event),
      }, el("div", { class: "fields" }, this.fields.map((field) => field.node), this.button), this.examples(), this.complaint);
    }

    learn(inputs) {  // of a look: what the channels of a signal are called
      for (const field of this.fields) field.input.channels ??= inputs.find((one) => one.name === field.input.name)?.channels;
    }

    drop(event) {
      event.preventDefault();
      this.node.classList.remove("dragged");
      this.takeAny(event.dataTransfer, event.target);
    }

    takeAny(transfer, target) {  // a file, or rows of numbers, that were dropped or pasted somewhere
      const file = [...(transfer?.files || [])][0], text = target?.closest?.("input, textarea") ? "" : transfer?.getData?.("text/plain");
      const able = this.fields.filter((field) => (file ? field.accepts(file) : Boolean(text) && field.acceptsText?.(text)));
      const chosen = able.find((field) => target && field.node.contains(target)) ?? able[0];
      if (chosen) { if (file) chosen.take(file); else chosen.takeText(text); return true; }
      const wanting = file && this.fields.find((field) => field.refusal);
      if (!wanting) return false;
      this.complain(wanting.refusal);
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
      for (const field of this.fields) {
        const { name, optional } = field.input, value = example.inputs[name];
        if (value === undefined && !optional) continue;
        if (value === undefined) delete this.values[name];
        else this.values[name] = value;
        field.show(value);
      }
      this.send();
    }

    complain(text) {
      this.complaint.hidden = !text;
      this.complaint.textContent = text || "";
    }

    send() {
      for (const field of this.fields) {
        const lack = field.lacks();
        if (lack) { this.complain(lack); return; }
      }
      this.complain(null);
      this.submit(this.values);
    }

    focus() { this.node.querySelector("textarea, .drop button")?.focus(); }
  }

  function posted(value) {  // as the server reads it
    if (value?.example !== undefined) return { example: value.example };
    return value?.rows ?? value;
  }

  function request(run, values) {  // as JSON; with files as a form, in which the others are JSON, too
    const given = Object.entries(values).map(([name, value]) => [name, posted(value)]);
    const plain = Object.fromEntries(given.filter(([, value]) => !(value instanceof Blob)));
    const files = given.filter(([, value]) => value instanceof Blob);
    if (!files.length) return { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ run, inputs: plain }) };
    const form = new FormData();
    form.append("run", run);
    form.append("inputs", JSON.stringify(plain));
    for (const [name, file] of files) form.append(name, file);
    return { method: "POST", body: form };
  }

  Object.assign(jumok, { Inputs, request });
})();
