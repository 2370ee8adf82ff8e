// What editors on an image share: the stage, the tools, keys, and the bar of options.
"use strict";
(() => {
  const { el, t } = jumok;
  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const FAR = 10;  // pixels of an arrow with Shift
  const OWN_KEYS = "button, input, select, textarea, a[href], summary";  // elements that take Enter, space and arrows themselves

  const typedLetter = (event) => (/^[a-z]$/i.test(event.key) ? event.key.toUpperCase() : /^Key([A-Z])$/.exec(event.code || "")?.[1] || "");  // also while Korean is typed
  const arrowOf = (event) => ARROWS[event.key] && ARROWS[event.key].map((step) => step * (event.shiftKey ? FAR : 1));

  class DrawingEditor {
    constructor(host, context, label) {
      Object.assign(this, { context, view: context.view || {}, pointer: null, hiddenClasses: new Set(), seen: { marks: true, proposals: true } });
      const handlers = {
        viewed: () => this.viewed(),
        down: (p) => { if (!this.stage.known) return; this.pointer = p; this.hideCursor(); this.now.down(p); },
        move: (p, all) => { this.pointer = p; this.now.move(p, all); },
        up: (p) => this.now.up(p),
        cancel: () => { this.now.cancel(); this.activeLayer.later(); },
        hover: (p) => { this.pointer = p; if (p) this.hideCursor(); this.now.hover?.(p); this.activeLayer.later(); },
      };
      this.left = false;
      this.stage = new jumok.ImageStage({ address: context.image, size: context.item?.size, view: this.view, label, handlers });
      this.bar = el("div", { class: "draw-options" });
      const zooms = el("span", { class: "draw-zooms" }, this.button("−", () => this.stage.zoomBy(-1), t("drawZoomOut")), this.button(t("drawFit"), () => this.fit(), t("drawFitTitle")), this.button("+", () => this.stage.zoomBy(1), t("drawZoomIn")));
      this.node = el("div", { class: "draw" }, el("div", { class: "draw-bar" }, this.bar, zooms), this.stage.node);
      this.stage.node.addEventListener("focus", () => { this.left = false; });
      host.append(this.node);
    }

    addTools(tools, first) {  // with its tools, when the editor's own layers are there
      this.toolset = tools;
      this.activeLayer = this.stage.layer((g) => { this.paintActive(g); this.paintCursor(g); });
      this.tools = tools.map(({ id, key, words }) => ({ id, key, words }));
      this.current = tools.some((one) => one.id === this.view.tool) ? this.view.tool : first;
      this.updateBar();
    }

    get now() { return this.toolset.find((one) => one.id === this.current); }
    get classes() { return this.context.session.classes; }
    get colour() { return jumok.marks.colourOf(this.classes, this.context.className()); }
    say(key, ...values) { this.context.status(t(key, ...values)); }

    tool(id, byKey = false) {
      if (id !== this.current) this.now.cancel();
      this.current = this.view.tool = id;
      if (byKey && this.now.activate) this.stage.showCursor(this.pointer);
      else this.stage.cursor = null;
      this.say(byKey && this.now.keyHint ? this.now.keyHint : this.now.hint);
      this.refresh();
    }

    refresh() {  // what the shell shows of the editor, and the editor's own bar
      this.updateBar();
      this.activeLayer.later();
      this.context.refresh?.();
    }

    updateBar() {
      this.stage.node.style.cursor = this.now.cursor || "crosshair";
      const held = this.bar.contains(document.activeElement) && document.activeElement.dataset.name;
      this.bar.replaceChildren(...this.options());
      if (held) [...this.bar.querySelectorAll("[data-name]")].find((one) => one.dataset.name === held)?.focus();  // it was drawn anew
    }

    hideCursor() {
      if (!this.stage.cursor) return;
      this.stage.cursor = null;
      this.activeLayer.later();
    }

    viewed() {  // the pointer stands still, what is under it moves
      if (this.pointer) Object.assign(this.pointer, this.stage.toImage(this.pointer.px, this.pointer.py));
    }

    fit() { this.stage.fit(); }
    busy() { return Boolean(this.now.busy?.()); }

    close() {
      this.closed = true;
      this.now.cancel();
      this.stage.close();
      this.activeLayer.later.stop();
      this.node.remove();
    }

    key(event) {
      const own = event.target?.closest?.(OWN_KEYS);
      if (own && (event.key === " " || event.key === "Enter" || event.key === "Tab" || event.key in ARROWS || own.matches("textarea, input:not([type=range]):not([type=checkbox])"))) return false;
      const handled = this.keyed(event);
      if (handled) event.preventDefault?.();
      return handled;
    }

    keyed(event) {
      if (event.ctrlKey || event.metaKey) return (typedLetter(event) === "Z" && !event.shiftKey && this.now.undoCorner?.()) || this.commandKey?.(typedLetter(event)) || false;
      if (event.key === "Escape") return this.escape();
      if (this.now.keydown?.(event)) { this.activeLayer.later(); return true; }
      if (this.stage.cursor && this.cursorKey(event)) return true;
      if (event.key === " ") { this.stage.setPanning(true); return true; }
      if (this.zoomKey(event)) return true;
      if (!event.altKey && this.letterKey(typedLetter(event))) return true;
      return this.ownKey(event);
    }

    cursorKey(event) {
      const step = !event.altKey && arrowOf(event), { stage } = this;
      if (step) {
        const { x, y } = stage.cursor;
        stage.showCursor({ x: x + step[0], y: y + step[1] });
        this.now.hover?.(stage.cursorPoint());
        this.activeLayer.later();
        this.say("drawCursor", stage.cursor.x, stage.cursor.y);
        return true;
      }
      if (event.key !== " " && event.key !== "Enter") return false;
      this.now.activate(stage.cursorPoint());
      this.activeLayer.later();
      return true;
    }

    zoomKey({ key }) {
      const steps = { "+": 1, "=": 1, "-": -1, "_": -1, "−": -1 }[key];
      if (steps) {
        const at = this.pointer && !this.stage.cursor ? [this.pointer.px, this.pointer.py] : [];
        this.stage.zoomBy(steps, ...at);
      } else if (key === "0") this.fit();
      else return false;
      return true;
    }

    letterKey(letter) {
      const tool = letter && this.toolset.find((one) => one.key === letter);
      if (tool) this.tool(tool.id, true);
      return Boolean(tool);
    }

    show({ marks, proposals, hidden } = {}) {  // what is to be seen
      if (marks !== undefined) this.seen.marks = marks;
      if (proposals !== undefined) this.seen.proposals = proposals;
      if (hidden) this.hiddenClasses = new Set(hidden);
      this.shown();
    }

    showMarks() {  // nobody draws what cannot be seen
      if (this.seen.marks) return;
      this.seen.marks = true;
      this.context.showMarks?.();
      this.shown();
    }

    escape() {
      if (this.now.cancel()) this.say("drawCancelled");
      else if (this.stage.cursor) this.stage.cursor = null;
      else return this.unselect?.() || this.leave();
      this.activeLayer.later();
      return true;
    }

    leave() {  // Tab goes on to what follows on the page, until the image is entered again
      const { node } = this.stage, inside = document.activeElement === node;
      this.left = true;
      if (inside) node.blur();
      return inside;
    }

    paintCursor(g) {
      const { stage } = this;
      if (!stage.cursor) return;
      jumok.marks.paintCrosshair(g, stage, stage.cursor);
      if (!this.now.corner) jumok.marks.paintNote(g, stage, `${stage.cursor.x}, ${stage.cursor.y}`, stage.cursor);
    }

    // Parts of the bar.

    toggle(words, on, press, title) {
      return el("button", { type: "button", class: "draw-toggle", "data-name": words, "aria-pressed": String(Boolean(on)), title, text: words, onclick: press });
    }

    button(words, press, title) { return el("button", { type: "button", class: "draw-button", "data-name": words, title, "aria-label": words.length > 1 ? null : title, text: words, onclick: press }); }

    quiet(words) { return el("span", { class: "quiet draw-hint", text: words }); }

    slider(words, value, [least, most, step], tell, change) {
      const said = el("output", { class: "number", text: tell(value) });
      return el("label", { class: "draw-option" }, el("span", { text: words }), el("input", {
        type: "range", "data-name": words, min: least, max: most, step, value,
        oninput: (event) => { said.textContent = tell(Number(event.target.value)); change(Number(event.target.value)); },
        onchange: () => this.refresh(),
      }), said);
    }

    choice(words, value, options, change) {  // options: [[value, text], …]
      return el("label", { class: "draw-option" }, el("span", { text: words }), el("select", { "data-name": words, onchange: (event) => change(event.target.value) },
        ...options.map(([one, text]) => el("option", { value: one, text, selected: String(one) === String(value) }))));
    }
  }

  Object.assign(jumok, { DrawingEditor, typedLetter, arrowOf });
})();
