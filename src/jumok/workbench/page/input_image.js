// A picture with what was found in it, and what was looked at laid over it.
"use strict";
(() => {
  const { el, t, colour, largest, choices, once, DropField } = jumok;
  const RAMP = [[0, 76, 29, 149, 0], [0.15, 98, 33, 160, 60], [0.4, 190, 46, 122, 140], [0.7, 246, 104, 60, 190], [1, 255, 214, 102, 225]];

  function ember(x) {  // the colour (r, g, b, alpha) of a share of the strongest weight
    const at = Math.max(1, RAMP.findIndex(([stop]) => stop >= x));
    const [low, ...from] = RAMP[at - 1], [high, ...to] = RAMP[at];
    const share = (x - low) / (high - low);
    return from.map((value, i) => Math.round(value + share * (to[i] - value)));
  }

  function cellsImage(weights, axis) {  // a canvas of one pixel a cell
    const canvas = el("canvas", { width: axis.columns, height: axis.rows });
    const g = canvas.getContext("2d");
    const image = g.createImageData(axis.columns, axis.rows);
    const inner = weights.slice(axis.extra.length);
    const most = largest(inner);
    inner.forEach((w, i) => image.data.set(ember(most > 0 ? w / most : 0), 4 * i));
    g.putImageData(image, 0, 0);
    return canvas;
  }

  class Picture {
    static axis = "cells";

    constructor({ input, queries, keys, outputs, handlers, settings }) {
      Object.assign(this, { input, queries, keys, outputs, handlers, settings });
      this.axis = keys || queries;
      this.acts = keys && !queries ? "key" : "query";  // what pointing at the picture asks for
      if (keys && queries) this.acts = settings.acts || "query";
      this.canvas = el("canvas", { class: "heat", "aria-hidden": "true" });
      this.outline = el("div", { class: "cell", hidden: true });
      this.pin = el("div", { class: "cell pinned", hidden: true });
      this.image = el("img", { src: input.image, alt: "", draggable: "false" });
      this.boxes = el("div", { class: "boxes" });
      this.frame = el("div", {
        class: "picture", role: "application", tabindex: this.axis ? 0 : null, "aria-label": t("pictureOf", input.name),
        style: { "aspect-ratio": `${input.width} / ${input.height}`, "--ratio": input.width / input.height },
        onpointermove: (event) => this.move(event), onpointerleave: () => handlers.leave(this.acts),
        onclick: (event) => this.click(event), onkeydown: (event) => this.key(event),
      }, this.image, ...this.masks(), this.canvas, this.boxes, this.outline, this.pin);
      settings.least ??= outputs.find((one) => one.kind === "boxes")?.least ?? 0;
      this.drawBoxes();
      this.limit();
      this.node = el("figure", { class: "photo" }, this.frame, this.controls(), this.extras());
      this.paint = once(() => this.draw());
      this.spot = null;
    }

    masks() {
      this.maskImages = this.outputs.filter((one) => one.kind === "mask").map((one) => {
        const image = el("img", { class: "mask", src: one.mask, alt: "", draggable: "false" });
        image.addEventListener("load", () => this.readMask(one, image));
        return image;
      });
      return this.maskImages;
    }

    readMask(output, image) {  // the classes by pixel, to name what is under the pointer
      const canvas = el("canvas", { width: image.naturalWidth, height: image.naturalHeight });
      const g = canvas.getContext("2d", { willReadFrequently: true });
      g.drawImage(image, 0, 0);
      this.mask = { output, g, width: canvas.width, height: canvas.height };
    }

    classAt(x, y) {
      if (!this.mask) return "";
      const { output, g, width, height } = this.mask;
      const [r, green, b] = g.getImageData(Math.floor((x / this.input.width) * width), Math.floor((y / this.input.height) * height), 1, 1).data;
      let best = "", least = 3000;
      for (const one of output.classes) {
        const n = parseInt(one.colour.slice(1), 16);
        const far = (r - (n >> 16)) ** 2 + (green - ((n >> 8) & 255)) ** 2 + (b - (n & 255)) ** 2;
        if (far < least) [best, least] = [one.name, far];
      }
      return best;
    }

    drawBoxes() {
      const percent = (x, of) => `${((100 * x) / of).toFixed(3)}%`;
      const { width, height } = this.input;
      this.marks = [];
      this.outputs.filter((one) => one.kind === "boxes").forEach((output) => {
        const order = output.objects.filter((one) => !one.doubtful).sort((a, b) => area(b.box) - area(a.box));  // small ones on top
        for (const object of order) {
          const [x1, y1, x2, y2] = object.box;
          const query = this.queryOf(object);
          const mark = el("div", {
            class: "box", title: `${object.name} ${object.score.toFixed(3)}`,
            style: { left: percent(x1, width), top: percent(y1, height), width: percent(x2 - x1, width), height: percent(y2 - y1, height) },
          }, el("span", { text: `${object.name} ${object.score.toFixed(2)}` }));
          mark.classList.toggle("below", y1 < 0.06 * height);
          this.marks.push([mark, query, object.score]);
          this.boxes.append(mark);
          if (query === null) continue;
          mark.addEventListener("pointermove", (event) => { event.stopPropagation(); this.handlers.hover("query", query, event); });
          mark.addEventListener("click", (event) => { event.stopPropagation(); this.handlers.pick("query", query); });
        }
      });
    }

    limit() {  // only boxes that are sure enough
      const least = this.settings.least ?? 0;
      for (const [mark, , score] of this.marks) mark.hidden = score < least;
    }

    sureness() {  // from which score on boxes are drawn
      const { settings } = this;
      const said = el("output", { class: "number", text: settings.least.toFixed(2) });
      return el("label", { class: "toggle least" }, t("least"), el("input", {
        type: "range", min: 0, max: 1, step: 0.01, value: settings.least, oninput: (event) => {
          settings.least = Number(event.target.value);
          said.textContent = settings.least.toFixed(2);
          this.limit();
          this.handlers.limit(settings.least);
        },
      }), said);
    }

    queryOf(object) {  // the position that a box is of: its object query, or the cell in its middle
      if (this.handlers.queriesAreObjects()) return object.query ?? null;
      if (!this.queries?.cellAt) return null;
      const [x1, y1, x2, y2] = object.box;
      return this.queries.cellAt((x1 + x2) / 2, (y1 + y2) / 2);
    }

    controls() {
      const bar = el("figcaption", { class: "controls" });
      if (this.axis) {
        bar.append(choices(t("heat"), [["smooth", t("smooth")], ["exact", t("exact")]], this.settings.cells || "smooth", (value) => {
          this.settings.cells = value;
          this.draw();
        }));
        bar.append(el("span", { class: "ramp", "aria-hidden": "true" }), this.scale = el("span", { class: "number quiet", text: "" }));
      }
      if (this.keys && this.queries) {
        bar.append(el("span", { class: "quiet", text: t("clickLooks") }), choices(t("clickLooks"), [["query", t("asQuery")], ["key", t("asKey")]], this.acts, (value) => {
          this.settings.acts = this.acts = value;
          this.handlers.leave("query");
        }));
      }
      const toggle = (word, nodes) => nodes.length && bar.append(el("label", { class: "toggle" }, el("input", {
        type: "checkbox", checked: true, onchange: (event) => nodes.forEach((node) => { node.hidden = !event.target.checked; }),
      }), t(word)));
      toggle("boxes", this.marks.length ? [this.boxes] : []);
      if (this.marks.length) bar.append(this.sureness());
      toggle("mask", this.maskImages);
      for (const output of this.outputs.filter((one) => one.kind === "mask")) {
        bar.append(el("span", { class: "classes" }, output.classes.map((one) =>
          el("span", {}, el("i", { style: { background: one.colour } }), one.name))));
      }
      return bar;
    }

    extras() {  // positions that are no cells, as a class token
      this.chips = [];
      if (!this.axis?.extra.length) return null;
      return el("div", { class: "tokens extra" }, this.axis.extra.map((label, i) => {
        const chip = el("button", {
          type: "button", class: "token special", text: label,
          onpointerenter: (event) => this.handlers.hover(this.acts, i, event), onpointerleave: () => this.handlers.leave(this.acts),
          onclick: () => this.handlers.pick(this.acts, i),
        });
        this.chips.push(chip);
        return chip;
      }));
    }

    actingAxis() { return this.acts === "query" ? this.queries : this.keys; }

    point(event) {
      const box = this.frame.getBoundingClientRect();
      const x = ((event.clientX - box.left) / box.width) * this.input.width;
      const y = ((event.clientY - box.top) / box.height) * this.input.height;
      return [x, y];
    }

    move(event) {
      const axis = this.actingAxis();
      if (!axis) return;
      const [x, y] = this.point(event);
      const i = axis.cellAt(x, y);
      this.show(this.outline, i, axis);
      if (i === null) return;
      this.handlers.hover(this.acts, i, event, this.classAt(x, y));
    }

    click(event) {
      const i = this.actingAxis()?.cellAt(...this.point(event)) ?? null;
      if (i !== null) this.handlers.pick(this.acts, i);
    }

    key(event) {
      const axis = this.actingAxis();
      if (!axis || event.target !== this.frame) return;
      if (event.key.startsWith("Arrow")) {
        event.preventDefault();
        event.stopPropagation();
        this.spot = this.spot === null ? axis.extra.length : axis.moved(this.spot, event.key);
        this.show(this.outline, this.spot, axis);
        this.handlers.move(this.acts, this.spot);
      } else if ((event.key === "Enter" || event.key === " ") && this.spot !== null) {
        event.preventDefault();
        event.stopPropagation();
        this.handlers.pick(this.acts, this.spot);
      }
    }

    show(mark, i, axis) {
      const box = i === null ? null : axis?.box(i);
      mark.hidden = !box;
      if (!box) return;
      const { width, height } = this.input;
      const sides = { left: box[0] / width, top: box[1] / height, width: (box[2] - box[0]) / width, height: (box[3] - box[1]) / height };
      for (const [side, share] of Object.entries(sides)) mark.style.setProperty(side, `${100 * share}%`);
    }

    get hint() { return "hintPicture"; }

    focus() { this.frame.focus(); }

    remove() {}

    set(kind, active, pinned) {  // which place or box is looked from, or at
      const axis = kind === "query" ? this.queries : this.keys;
      const mine = Boolean(axis?.cellAt);
      this.show(this.outline, mine ? active : null, axis);
      this.show(this.pin, mine ? pinned : null, axis);
      for (const [mark, query] of this.marks) {
        const is = kind === "query" && query !== null;
        mark.classList.toggle("active", is && query === active);
        mark.classList.toggle("pinned", is && query === pinned);
      }
    }

    weigh(weights, axis) {  // lay weights over the picture; null takes them off
      this.weights = weights;
      this.weighed = axis;
      this.frame.classList.toggle("weighed", Boolean(weights));
      const most = weights ? largest(weights) : 0;
      this.chips.forEach((chip, i) => chip.style.setProperty("--w", most > 0 ? (weights[i] / most).toFixed(3) : 0));
      if (this.scale) this.scale.textContent = weights ? `0 – ${largest(weights.slice(axis.extra.length)).toFixed(4)}` : "";
      this.draw();
    }

    weighBoxes(weights) {  // which object queries looked at a place
      const most = weights ? largest(weights) : 0;
      for (const [mark, query] of this.marks) {
        mark.style.setProperty("--w", most > 0 && query !== null ? (weights[query] / most).toFixed(3) : "");
        mark.classList.toggle("asked", most > 0);
      }
    }

    draw() {
      const ratio = devicePixelRatio || 1;
      const width = Math.round(this.frame.clientWidth * ratio), height = Math.round(this.frame.clientHeight * ratio);
      if (!width) return;
      if (this.canvas.width !== width || this.canvas.height !== height) [this.canvas.width, this.canvas.height] = [width, height];
      const g = this.canvas.getContext("2d");
      g.clearRect(0, 0, width, height);
      if (!this.weights) return;
      const axis = this.weighed;
      g.imageSmoothingEnabled = (this.settings.cells || "smooth") === "smooth";
      g.imageSmoothingQuality = "high";
      const across = (axis.columns * axis.cell[1] * width) / this.input.width, down = (axis.rows * axis.cell[0] * height) / this.input.height;
      g.drawImage(cellsImage(this.weights, axis), 0, 0, across, down);
    }

    drawn(frame, { safe }) {  // for a drawing of the page
      const box = this.frame.getBoundingClientRect();
      const [x, y] = [box.left - frame.left, box.top - frame.top];
      const whole = `x="${x.toFixed(1)}" y="${y.toFixed(1)}" width="${box.width.toFixed(1)}" height="${box.height.toFixed(1)}" preserveAspectRatio="none"`;
      const made = [`<image ${whole} href="${this.input.image}"/>`];
      this.maskImages.forEach((image) => { if (!image.hidden) made.push(`<image ${whole} opacity="0.5" href="${image.src}"/>`); });
      if (this.weights) made.push(`<image ${whole} href="${this.canvas.toDataURL()}"/>`);
      if (!this.boxes.hidden) {
        for (const [mark] of this.marks.filter(([one]) => !one.hidden)) {
          const at = mark.getBoundingClientRect();
          const chosen = mark.classList.contains("active") || mark.classList.contains("pinned");
          const [left, top] = [at.left - frame.left, at.top - frame.top];
          made.push(`<rect x="${left}" y="${top}" width="${at.width}" height="${at.height}" fill="none" stroke="${chosen ? colour("pin") : "#ffffff"}" stroke-width="${chosen ? 2.5 : 1.5}"/>`,
            `<text x="${left + 3}" y="${Math.max(12, top - 4)}" font-size="12" fill="#fff" stroke="#000" stroke-width="3" paint-order="stroke">${safe(mark.textContent)}</text>`);
        }
      }
      for (const mark of [this.outline, this.pin]) {
        if (mark.hidden) continue;
        const at = mark.getBoundingClientRect();
        made.push(`<rect x="${at.left - frame.left}" y="${at.top - frame.top}" width="${at.width}" height="${at.height}" fill="none" stroke="${colour("pin")}" stroke-width="2"/>`);
      }
      return made.join("");
    }
  }

  class PictureField extends DropField {
    constructor(asked) { super({ ...asked, accept: "image/*", invitation: "dropHere", none: "noPicture" }); }

    get refusal() { return t("notPicture"); }

    accepts(file) { return file.type.startsWith("image/"); }

    take(file) {
      if (!this.accepts(file)) { this.form.complain(this.refusal); return; }
      this.give(file);
    }
  }

  const area = ([x1, y1, x2, y2]) => (x2 - x1) * (y2 - y1);

  jumok.surfaces.image = Picture;
  jumok.fields.image = PictureField;
  Object.assign(jumok, { ember, cellsImage });
})();
