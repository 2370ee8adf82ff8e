// A mask of classes by pixel on an image, and what a model proposes there.
"use strict";
(() => {
  const { t, DrawingEditor, Raster, UNKNOWN } = jumok;
  const FAINT = 0.3, STRIPE = 6;  // share of the opacity that the ground has; width of the stripes of proposals
  const GROUNDS = ["background", "_background_", "bg", "배경"];  // names of the class of what is nothing else

  class MaskEditor extends DrawingEditor {
    constructor(host, context) {
      super(host, context, t("drawMaskOf", context.item?.name || ""));
      Object.assign(this, { raster: null, proposed: null, original: context.marks });
      this.maskLayer = this.stage.layer((g) => this.paintMask(g));
      this.flush = jumok.onceAFrame(() => this.repaintDirty());
      const brush = (id, key, words, hint, value) => new jumok.BrushTool(this, { id, key, words, hint, value });
      this.polygon = new jumok.PolygonTool(this, (points, shift) => this.paintPolygon(points, shift));
      this.addTools([
        brush("brush", "R", "drawBrush", "drawBrushHint", () => this.classNumber), brush("erase", "E", "drawErase", "drawEraseHint", () => this.eraseTo),
        this.polygon, new jumok.FillTool(this), brush("take", "T", "drawTake", "drawTakeHint", () => "take"),
      ], "brush");
      this.ready = this.load(context.marks, context.proposals);
    }

    async load(marks, proposals) {
      await this.stage.ready;
      if (this.closed) return;
      await this.loadMask(marks);
      await this.setProposals(this.waiting || proposals);
    }

    async loadMask(marks) {  // a mask that cannot be read cannot be painted on: it stays as it is
      const values = await this.read(marks);
      if (this.closed || this.original !== marks) return;
      this.raster = values === undefined ? null : new Raster(...this.stage.size, values);
      this.start = this.raster?.tiles;
      this.refreshAll();
    }

    async read(marks) {  // the values of a mask of this image's size, null where there is none, undefined if it does not fit
      const text = marks?.mask;
      if (!text) return null;
      let found;
      try { found = await jumok.png.decode(jumok.png.fromBase64(text)); } catch { this.say("drawBadMask"); return undefined; }
      const [w, h] = this.stage.size;
      if (found.width === w && found.height === h) return found.values;
      this.say("drawOtherSize", found.width, found.height, w, h);
      return undefined;
    }

    // What there is: tiles that are never changed in place.

    state() { return Object.freeze({ tiles: this.raster?.tiles || null, proposed: this.proposed && this.proposed.tiles !== this.given ? this.proposed.tiles : null }); }
    restore(state) {
      if (!state?.tiles || !this.raster) return;
      this.now.cancel();
      this.invalidate(this.raster.restore(state.tiles));
      if (this.proposed) this.invalidate(this.proposed.restore(state.proposed || this.given));
      this.refresh();
    }

    async marks() {  // as they are when this is called
      const raster = this.raster;
      if (!raster || raster.tiles === this.start) return { mask: this.original?.mask ?? null };
      const { width, height } = raster, counts = raster.counts();
      if (counts[UNKNOWN] === width * height) return { mask: null };
      const values = raster.values.slice();
      return { mask: jumok.png.toBase64(await jumok.png.encode(values, width, height)) };
    }

    setMarks(marks) {
      this.now.cancel();
      [this.original, this.start] = [marks, this.raster?.tiles];
      return this.ready = this.loadMask(marks);
    }

    async setProposals(given) {
      this.waiting = given;
      if (!this.raster) return;
      const values = await this.read(given?.marks ?? given);
      if (this.closed || this.waiting !== given) return;
      this.proposed = values && new Raster(...this.stage.size, values);
      this.given = this.proposed?.tiles;
      this.refreshAll();
    }

    get numbers() { return this.classes.map((one) => one.name); }
    get classNumber() { return this.numbers.indexOf(this.context.className()); }
    get ground() { return this.numbers.findIndex((name) => GROUNDS.includes(name.toLowerCase())); }
    get eraseTo() { return this.view.eraseTo ?? (this.ground >= 0 ? this.ground : UNKNOWN); }
    className(value) { return value === UNKNOWN ? t("drawUnknown") : this.numbers[value] ?? String(value); }
    nameAt(p) {
      const [w, h] = this.stage.size, x = Math.floor(p.x), y = Math.floor(p.y);
      return this.raster && x >= 0 && y >= 0 && x < w && y < h ? this.className(this.raster.values[y * w + x]) : "";
    }

    // Painting: shapes go into the raster at once, and become a state when the pointer is lifted.

    startPainting() {
      if (!this.raster) return false;
      if (this.now.id === "take" && !this.proposed) { this.say("drawNoProposal"); return false; }
      if (this.now.id !== "take" && this.now.id !== "erase" && this.classNumber < 0) { this.say("drawNoClass"); return false; }
      this.showMarks();
      return true;
    }

    paintShape(shape, value) {  // a number, or "take": what is proposed
      const { raster, proposed } = this, { width, height, values } = raster, only = this.only, bounds = [width, height, 0, 0];
      const put = (i, to) => { if (only === null || values[i] === only) values[i] = to; };
      shape(width, height, (y, x1, x2) => {
        const base = y * width;
        if (value !== "take" && only === null) values.fill(value, base + x1, base + x2);
        else if (value !== "take") for (let i = base + x1; i < base + x2; i++) put(i, value);
        else for (let i = base + x1; i < base + x2; i++) if (proposed.values[i] !== UNKNOWN) put(i, proposed.values[i]);
        bounds[0] = Math.min(bounds[0], x1);
        bounds[1] = Math.min(bounds[1], y);
        bounds[2] = Math.max(bounds[2], x2);
        bounds[3] = Math.max(bounds[3], y + 1);
      });
      if (bounds[0] >= bounds[2]) return;
      raster.markDirty(...bounds);
      this.invalidate(bounds);
    }

    get only() { return this.view.only === undefined || this.view.only === null || this.view.only === "" ? null : Number(this.view.only); }

    finishPainting(said = "drawPainted") {
      if (!this.raster.commit()) return;
      this.refresh();
      this.context.changed();
      this.say(said, this.context.className());
    }

    undoPainting() { this.invalidate(this.raster.restore(this.raster.tiles)); }

    paintPolygon(points, proposal) {
      if (proposal ? !this.proposed : this.classNumber < 0) { this.say(proposal ? "drawNoProposal" : "drawNoClass"); return; }
      this.paintShape((width, height, span) => jumok.shapes.fillPolygon(points, width, height, span), proposal ? "take" : this.classNumber);
      this.finishPainting();
    }

    fill(x, y) {
      const { raster } = this, { width, height } = raster, number = this.classNumber;
      if (raster.values[y * width + x] === number) { this.say("drawFilledAlready"); return; }
      const copy = raster.values.slice();
      this.paintShape((w, h, span) => jumok.shapes.floodFill(copy, width, height, x, y, span), number);
      this.finishPainting("drawFilled");
    }

    fillEverywhere(from, to) {  // all pixels of a value
      const { values, width, height } = this.raster;
      for (let i = 0; i < values.length; i++) if (values[i] === from) values[i] = to;
      this.raster.markDirty(0, 0, width, height);
      this.invalidate([0, 0, width, height]);
      this.finishPainting("drawFilled");
    }

    clear() {
      if (!this.raster) return;
      if (this.ground < 0) { this.say("drawNoGround"); return; }
      this.raster.values.fill(this.ground);
      this.raster.markDirty(0, 0, ...this.stage.size);
      this.invalidate([0, 0, ...this.stage.size]);
      this.finishPainting("drawCleared");
    }

    async copyFrom(marks) {  // into what is not labelled yet
      const values = await this.read(marks);
      if (!values || !this.raster) { if (!marks?.mask) this.say("drawCopiedHere", 0, 0); return; }
      const own = this.raster.values;
      for (let i = 0; i < own.length; i++) if (own[i] === UNKNOWN) own[i] = values[i];
      this.raster.markDirty(0, 0, ...this.stage.size);
      this.invalidate([0, 0, ...this.stage.size]);
      this.finishPainting("drawCopiedMask");
    }

    // Proposals: the region under the pointer, else all.

    forRegionOrAll(work) {
      const { proposed, pointer, stage } = this, { width, height } = proposed, at = stage.cursor || pointer;
      const x = at ? Math.floor(at.x) : -1, y = at ? Math.floor(at.y) : -1;
      const there = x >= 0 && y >= 0 && x < width && y < height && proposed.values[y * width + x] !== UNKNOWN;
      if (there) jumok.shapes.floodFill(proposed.values.slice(), width, height, x, y, work);
      else for (let row = 0; row < height; row++) work(row, 0, width);
    }

    resolveProposal(accept, all) {  // take or drop what is proposed; it is proposed no longer
      if (!this.proposed || !this.raster) return false;
      const spans = [], { width, height } = this.proposed;
      if (all) for (let y = 0; y < height; y++) spans.push([y, 0, width]);
      else this.forRegionOrAll((...span) => spans.push(span));
      if (accept) this.paintShape((w, h, span) => spans.forEach((one) => span(...one)), "take");
      for (const [y, x1, x2] of spans) this.proposed.values.fill(UNKNOWN, y * width + x1, y * width + x2);
      this.proposed.markDirty(0, 0, width, height);
      const dropped = this.proposed.commit(), taken = this.raster.commit();
      this.refreshAll();
      if (dropped || taken) this.context.changed();
      this.say(accept ? "drawAcceptedMask" : "drawRejectedMask");
      return dropped || taken;
    }
    accept(all = false) { return this.resolveProposal(true, all); }
    reject(all = false) { return this.resolveProposal(false, all); }
    get proposing() { return Boolean(this.proposed && this.proposed.counts()[UNKNOWN] < this.proposed.width * this.proposed.height); }

    setClass() { this.refresh(); }
    select(id) { if (id !== null && this.numbers[id]) this.context.chooseClass(this.numbers[id]); }

    ownKey(event) {
      if (event.key === "Enter") return this.proposing && this.accept(event.shiftKey);
      if (event.key === "Delete" || event.key === "Backspace") return this.proposing && this.reject(event.shiftKey);
      return false;
    }

    // The mask as it is seen: for each device pixel of an area the class of the pixel below it.

    get opacity() { return this.view.opacity ?? 0.5; }
    refreshAll() { this.maskLayer.later(); this.refresh(); }
    shown() { this.maskLayer.later(); }

    colours(share, faint) {  // by value, as the bytes of a canvas
      const found = new Uint32Array(256);
      this.classes.forEach(({ name, color }, i) => {
        if (i >= UNKNOWN || this.hiddenClasses.has(name)) return;
        const n = parseInt(color.slice(1), 16), alpha = Math.round(255 * share * (i === this.ground ? faint : 1));
        found[i] = ((alpha << 24) | ((n & 255) << 16) | (n & 0xff00) | (n >> 16)) >>> 0;
      });
      return found;
    }

    invalidate(area) {  // an area of the image is to be drawn anew
      if (!area) return;
      const p = this.dirty;
      this.dirty = p ? [Math.min(p[0], area[0]), Math.min(p[1], area[1]), Math.max(p[2], area[2]), Math.max(p[3], area[3])] : [...area];
      this.flush();
    }

    repaintDirty() {
      const area = this.dirty;
      if (!area || this.closed) return;
      const { stage } = this, [left, top] = stage.toDevice(area[0], area[1]), [right, bottom] = stage.toDevice(area[2], area[3]);
      this.paintMask(this.maskLayer.g, [Math.floor(left) - 1, Math.floor(top) - 1, Math.ceil(right) + 1, Math.ceil(bottom) + 1]);
    }

    paintMask(g, part) {
      this.dirty = null;
      const { stage, raster, proposed } = this, { canvas } = g;
      if (!raster) return;
      const [left, top, right, bottom] = part || [0, 0, canvas.width, canvas.height];
      const x1 = Math.max(0, left), y1 = Math.max(0, top), across = Math.min(canvas.width, right) - x1, down = Math.min(canvas.height, bottom) - y1;
      if (across <= 0 || down <= 0) return;
      const image = g.createImageData(across, down);
      this.colourPixels(new Uint32Array(image.data.buffer), x1, y1, across, down, stage, raster, this.seen.proposals ? proposed : null);
      g.putImageData(image, x1, y1);
    }

    colourPixels(out, left, top, across, down, stage, raster, proposed) {
      const { ground } = this, { width, height, values } = raster, lighter = this.colours(this.seen.marks ? this.opacity : 0, FAINT), stripes = this.colours(Math.min(1, this.opacity + 0.3), FAINT / 2);
      const dots = stage.scale * stage.ratio, unknown = (200 << 24 | 0x808080) >>> 0, period = Math.max(2, Math.round(10 * stage.ratio)), wide = Math.round(STRIPE * stage.ratio);
      const columns = Int32Array.from({ length: across }, (_, i) => {
        const x = Math.floor(((left + i + 0.5) / stage.ratio - stage.offset[0]) / stage.scale);
        return x >= 0 && x < width ? x : -1;
      });
      for (let row = 0, at = 0; row < down; row++) {
        const y = Math.floor(((top + row + 0.5) / stage.ratio - stage.offset[1]) / stage.scale);
        if (y < 0 || y >= height) { at += across; continue; }
        const base = y * width, dotted = this.seen.marks && dots > 0 && (top + row) % period === 0;
        for (let i = 0; i < across; i++, at++) {
          if (columns[i] < 0) continue;
          const value = values[base + columns[i]];
          let colour = value === UNKNOWN && dotted && (left + i) % period === 0 ? unknown : lighter[value];
          if (proposed) {
            const other = proposed.values[base + columns[i]];
            const even = value === UNKNOWN && other === ground;  // stripes all over an image would hide it
            if (other !== UNKNOWN && other !== value && (even || (left + i + top + row) % (2 * wide) < wide)) colour = stripes[other];
          }
          out[at] = colour;
        }
      }
    }

    paintActive(g) { this.now.paint?.(g); }

    options() {
      const { view } = this, repaint = () => this.maskLayer.later(), parts = [];
      const named = this.numbers.map((name, i) => [i, name]), brushes = ["brush", "erase", "take"].includes(this.current);
      if (this.current === "polygon" && this.polygon.points.length) {
        parts.push(this.button(t("drawClose"), () => this.polygon.finish({})), this.button(t("drawLastCorner"), () => this.polygon.undoCorner()));
      }
      if (this.proposing) parts.push(this.button(t("drawAcceptMask"), () => this.accept(true)), this.button(t("drawRejectMask"), () => this.reject(true)));
      if (brushes) parts.push(this.slider(t("drawSize"), this.now.size, [1, 200, 1], String, (value) => { view.brush = value; this.activeLayer.later(); }));
      if (this.current === "erase") parts.push(this.choice(t("drawEraseTo"), this.eraseTo, [[UNKNOWN, t("drawUnknown")], ...named], (value) => { view.eraseTo = Number(value); }));
      else parts.push(this.choice(t("drawOnly"), view.only ?? "", [["", t("drawEverything")], [UNKNOWN, t("drawUnknown")], ...named], (value) => { view.only = value; }));
      if (this.raster?.counts()[UNKNOWN]) parts.push(this.button(t("drawRest", this.context.className()), () => { if (this.classNumber >= 0) this.fillEverywhere(UNKNOWN, this.classNumber); else this.say("drawNoClass"); }, t("drawRestTitle")));
      parts.push(this.slider(t("drawOpacity"), this.opacity, [0.1, 1, 0.05], (value) => `${Math.round(100 * value)} %`, (value) => { view.opacity = value; repaint(); }));
      return parts;
    }

    shares() {  // [[number, share of the pixels], …] of what there is
      if (!this.raster) return [];
      const all = this.raster.width * this.raster.height;
      return [...this.raster.counts()].map((count, value) => [value, count / all]).filter(([, share]) => share > 0);
    }

    list() {
      const percent = (share) => `${(100 * share).toFixed(share < 0.01 ? 2 : 1)} %`;
      return this.shares().map(([value, share]) => ({ id: value, text: `${this.className(value)} ${percent(share)}`, class: value === UNKNOWN ? null : this.className(value), selected: value === this.classNumber, proposal: false }));
    }

    summary() { return t("drawMaskSummary", this.shares().map(([value, share]) => [this.className(value), share]), this.proposing); }
  }

  jumok.editors = jumok.editors || {};
  jumok.editors.mask = (host, context) => new MaskEditor(host, context);
})();
