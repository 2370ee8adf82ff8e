// The frames of a clip in a row, each with how much was looked at it, below a line of weights over time.
"use strict";
(() => {
  const { el, svg, t, colour, exact, largest, choices, timeOf, DropField } = jumok;
  const HIGH = 46;  // of the line, in pixels

  class Frames {
    static axis = "intervals";

    constructor({ input, queries, keys, handlers, settings }) {
      Object.assign(this, { input, queries, keys, handlers, settings });
      this.axis = keys || queries;
      this.acts = keys && queries ? settings.acts || "query" : keys ? "key" : "query";
      this.time = timeOf(input);
      this.active = this.pinned = null;
      this.line = svg("svg", { class: "weights", viewBox: `0 0 ${Math.max(1, input.images.length)} ${HIGH}`, preserveAspectRatio: "none", "aria-hidden": "true", onclick: (event) => this.onLine(event, "pick"), onpointermove: (event) => this.onLine(event, "hover") });
      this.cells = input.images.map((image, f) => this.cell(image, f));
      this.row = el("div", { class: "frames", role: "listbox", "aria-orientation": "horizontal", "aria-label": t(this.axis ? "framesOf" : "framesAlone", input.name), onpointerleave: () => handlers.leave(this.acts) }, this.cells);
      this.row.addEventListener("scroll", () => this.drawLine(), { passive: true });
      this.node = el("figure", { class: "photo clip", style: { "--ratio": input.width / input.height, "max-width": `${205 * input.images.length}px` } }, this.axis ? this.line : null, this.row, this.controls());
      this.mark();
    }

    cell(image, f) {
      return el("div", {
        class: "frame", role: "option", tabindex: -1, "data-f": f, "aria-label": this.time.at(f), title: this.time.at(f),
        onpointermove: (event) => this.point(f, event), onclick: () => this.pick(f), onkeydown: (event) => this.key(event, f),
      }, el("img", { src: image, alt: "", draggable: "false" }), el("span", { class: "measure upright" }, el("i")), el("small", { class: "number quiet", text: this.time.at(f) }));
    }

    controls() {
      if (!this.keys || !this.queries) return null;
      return el("figcaption", { class: "controls" }, el("span", { class: "quiet", text: t("clickLooks") }), choices(t("clickLooks"), [["query", t("asQuery")], ["key", t("asKey")]], this.acts, (value) => {
        this.settings.acts = this.acts = value;
        this.handlers.leave("query");
      }));
    }

    get hint() { return "hintFrames"; }

    actingAxis() { return this.acts === "query" ? this.queries : this.keys; }

    point(f, event) {
      const i = this.actingAxis()?.at(f) ?? null;
      if (i !== null) this.handlers.hover(this.acts, i, event);
    }

    pick(f) {
      const i = this.actingAxis()?.at(f) ?? null;
      if (i !== null) this.handlers.pick(this.acts, i);
    }

    onLine(event, what) {
      const box = this.line.getBoundingClientRect();
      const f = Math.floor(((event.clientX - box.left) / box.width) * this.cells.length);
      if (!this.cells[f]) return;
      this.cells[f].parentElement.scrollLeft = this.cells[f].offsetLeft - this.row.clientWidth / 2;
      if (what === "pick") this.pick(f);
      else this.point(f, event);
    }

    key(event, f) {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (step) {
        const next = Math.max(0, Math.min(this.cells.length - 1, f + step));
        this.at = next;
        this.mark();
        this.cells[next].focus();
        const i = this.actingAxis()?.at(next) ?? null;
        if (i !== null) this.handlers.move(this.acts, i);
      } else if (event.key === "Enter" || event.key === " ") this.pick(f);
      else return;
      event.preventDefault();
      event.stopPropagation();
    }

    focus() { this.cells[this.at ?? 0]?.focus(); }

    reveal(i, axis = this.actingAxis()) {
      const cell = i === null || !axis?.spans ? null : this.cells[axis.span(i)?.[0]];
      if (!cell) return;
      const { scrollLeft: left, clientWidth: wide } = this.row;
      if (cell.offsetLeft < left || cell.offsetLeft + cell.offsetWidth > left + wide) this.row.scrollLeft = cell.offsetLeft - wide / 2;
    }

    within(i, f) {
      const span = i === null || i === undefined ? null : this.marked?.span(i);
      return Boolean(span) && f >= span[0] && f < span[1];
    }

    set(kind, active, pinned) {
      const axis = kind === "query" ? this.queries : this.keys;
      this.marked = axis?.spans ? axis : null;
      [this.active, this.pinned] = this.marked ? [active, pinned] : [null, null];
      this.mark();
    }

    mark() {
      const tabbable = this.at ?? (this.marked && this.active !== null ? this.marked.span(this.active)?.[0] : 0) ?? 0;
      this.cells.forEach((cell, f) => {
        cell.classList.toggle("active", this.within(this.active, f));
        cell.classList.toggle("pinned", this.within(this.pinned, f));
        cell.setAttribute("aria-selected", this.within(this.pinned, f));
        cell.tabIndex = this.axis && f === tabbable ? 0 : -1;
      });
    }

    weigh(weights, axis) {
      [this.weights, this.weighed] = [weights, axis];
      const most = weights ? largest(weights) : 0;
      const shares = this.cells.map((_, f) => (most > 0 && axis?.spans ? (weights[axis.at(f)] ?? 0) / most : 0));
      this.cells.forEach((cell, f) => {
        cell.style.setProperty("--w", shares[f].toFixed(3));
        const w = weights && axis?.spans ? weights[axis.at(f)] : undefined;
        cell.lastChild.textContent = w === undefined ? this.time.at(f) : `${this.time.at(f)}\n${exact(w)}`;
      });
      this.shares = most > 0 ? shares : null;
      this.drawLine();
    }

    drawLine() {
      const { shares, row } = this;
      const part = shares && row.scrollWidth > row.clientWidth + 1 ? shares.length / row.scrollWidth : 0;  // of frames in a pixel, where not all are seen
      const y = (share) => (HIGH - 2 - share * (HIGH - 6)).toFixed(2);
      const line = (shares ?? []).map((share, f) => `${f ? "L" : "M"}${f} ${y(share)}H${f + 1}`).join("");
      this.line.replaceChildren(...(shares ? [part ? svg("rect", { class: "seen", x: row.scrollLeft * part, width: row.clientWidth * part, y: 0, height: HIGH }) : svg("g"), svg("path", { class: "under", d: `${line}V${HIGH}H0Z` }), svg("path", { class: "over", d: line })] : []));
    }

    draw() { this.drawLine(); }

    remove() {}

    drawn(frame, { words }) {  // for a drawing of the page: frames that are on the screen
      const row = this.row.getBoundingClientRect();
      return this.cells.map((cell) => {
        const box = cell.firstChild.getBoundingClientRect(), x = box.left - frame.left, y = box.top - frame.top;
        if (box.right < row.left || box.left > row.right) return "";
        const share = Number(cell.style.getPropertyValue("--w")) || 0;
        const edge = cell.classList.contains("pinned") || cell.classList.contains("active") ? colour("pin") : colour("heat");
        return `<image x="${x}" y="${y}" width="${box.width}" height="${box.height}" preserveAspectRatio="none" href="${cell.firstChild.src}"/>`
          + `<rect x="${x}" y="${y}" width="${box.width}" height="${box.height}" fill="none" stroke="${edge}" stroke-width="3" stroke-opacity="${Math.max(0.1, share)}"/>`
          + `<rect x="${x}" y="${y + box.height + 4}" width="${(box.width * share).toFixed(1)}" height="7" fill="${colour("heat")}"/>`
          + words(x, y + box.height + 26, cell.lastChild.textContent, { size: 11, fill: "quiet" });
      }).join("");
    }
  }

  class FramesField extends DropField {
    constructor(asked) { super({ ...asked, accept: "image/gif", invitation: "dropClip", none: "noClip" }); }

    get refusal() { return t("notClip"); }

    accepts(file) { return file.type === "image/gif"; }

    take(file) {
      if (this.accepts(file)) this.give(file);
      else this.form.complain(this.refusal);
    }
  }

  jumok.surfaces.frames = Frames;
  jumok.fields.frames = FramesField;
})();
