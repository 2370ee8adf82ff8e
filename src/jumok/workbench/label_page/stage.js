// An image that zooms and pans, with layers of marks above it; what a pointer does on it is told in pixels of the image.
"use strict";
(() => {
  const { el, t } = jumok;
  const MOST = 80, LEAST = 0.01, STEP = 1.3, MARGIN = 10, SMOOTH_BELOW = 2;  // from two screen pixels a pixel on, pixels are squares
  const KEPT = 48;  // so much of the image stays in sight

  const once = (work) => {  // several calls within a frame are one
    let waiting = 0;
    const later = () => { waiting ||= requestAnimationFrame(() => { waiting = 0; work(); }); };
    later.stop = () => cancelAnimationFrame(waiting);
    return later;
  };

  class ImageStage {
    constructor({ address, size, view, label, handlers }) {
      Object.assign(this, { view, handlers, size: size || [1, 1], pointers: new Map(), layers: [], cursor: null, ratio: 1, width: 1, height: 1, scale: 1, offset: [0, 0] });
      this.node = el("div", { class: "draw-stage", role: "application", tabindex: 0, "aria-label": label });
      this.imageLayer = this.layer((g) => this.paintImage(g));
      this.redraw = once(() => { for (const layer of this.layers) layer.paint(); });
      this.listen();
      this.watcher = new ResizeObserver(() => this.measure());
      this.watcher.observe(this.node);
      this.ready = this.load(address);
    }

    layer(draw) {  // a canvas over the others; draw(g) is called with a clean one, in device pixels
      const canvas = el("canvas", { "aria-hidden": "true" }), g = canvas.getContext("2d");
      const paint = () => { g.setTransform(1, 0, 0, 1, 0, 0); g.clearRect(0, 0, canvas.width, canvas.height); draw(g); };
      const made = { canvas, g, paint, later: once(paint) };
      this.node.append(canvas);
      this.layers.push(made);
      return made;
    }

    async load(address) {
      const image = new Image();
      image.src = address;
      try { await image.decode(); } catch {
        this.node.append(el("p", { class: "draw-missing", text: t("drawNoImage") }));
        return;
      }
      this.bitmap = await createImageBitmap(image).catch(() => image);  // too large for one
      if (!this.known) this.size = [image.naturalWidth, image.naturalHeight];
      this.measure();
    }

    listen() {
      const on = (name, work, options) => this.node.addEventListener(name, work, options);
      on("pointerdown", (event) => this.down(event));
      on("pointermove", (event) => this.move(event));
      on("pointerup", (event) => this.up(event));
      on("pointercancel", (event) => this.up(event, true));
      on("pointerleave", () => { if (!this.pointers.size) this.handlers.hover(null); });
      on("contextmenu", (event) => event.preventDefault());
      on("wheel", (event) => this.wheel(event), { passive: false });
      this.release = (event) => { if (event.key === " ") this.setPanning(false); };
      window.addEventListener("keyup", this.release);
    }

    close() {
      this.watcher.disconnect();
      window.removeEventListener("keyup", this.release);
      this.redraw.stop();
      for (const layer of this.layers) layer.later.stop();
      this.bitmap?.close?.();
    }

    // Where things are: screen = image · scale + offset, in CSS pixels; device pixels are `ratio` times as many.

    measure() {
      this.updateOrigin();
      const width = this.node.clientWidth, height = this.node.clientHeight;
      if (!width || !height) return;
      this.ratio = window.devicePixelRatio || 1;
      Object.assign(this, { width, height });
      for (const { canvas } of this.layers) {
        const across = Math.round(width * this.ratio), down = Math.round(height * this.ratio);
        if (canvas.width !== across || canvas.height !== down) [canvas.width, canvas.height] = [across, down];
        [canvas.style.width, canvas.style.height] = [`${across / this.ratio}px`, `${down / this.ratio}px`];  // one to one with device pixels
      }
      this.updateView();
    }

    get known() { return this.size[0] > 1 || this.size[1] > 1; }  // how large the image is

    get fitScale() {
      return Math.min((this.width - 2 * MARGIN) / this.size[0], (this.height - 2 * MARGIN) / this.size[1]);
    }

    updateOrigin() {  // the corner of the canvases on the page
      const box = this.node.getBoundingClientRect();
      [this.left, this.top] = [box.left + this.node.clientLeft, box.top + this.node.clientTop];
    }

    updateView() {  // scale and offset of the kept view: the whole image, or a scale around a point
      const [w, h] = this.size, { view } = this;
      const kept = view.zoom && view.zoom.size[0] === w && view.zoom.size[1] === h ? view.zoom : null;
      this.scale = Math.max(kept ? kept.scale : this.fitScale, LEAST);
      const [cx, cy] = kept ? kept.at : [w / 2, h / 2];
      const range = (length, shown, centre) => Math.round(jumok.objects.clamp(shown / 2 - centre * this.scale, KEPT - length * this.scale, shown - KEPT) * this.ratio) / this.ratio;
      this.offset = [range(w, this.width, cx), range(h, this.height, cy)];
      this.handlers.viewed?.();
      this.redraw();
    }

    keep(scale, offset) {
      const at = [(this.width / 2 - offset[0]) / scale, (this.height / 2 - offset[1]) / scale];
      this.view.zoom = { scale, at, size: [...this.size] };
      this.updateView();
    }

    fit() { this.view.zoom = null; this.updateView(); }

    zoomTo(scale, x = this.width / 2, y = this.height / 2) {  // the point under (x, y) stays there
      scale = jumok.objects.clamp(scale, Math.min(LEAST, this.fitScale), MOST);
      const [ox, oy] = this.offset, part = scale / this.scale;
      this.keep(scale, [x - (x - ox) * part, y - (y - oy) * part]);
    }

    zoomBy(steps, x, y) { this.zoomTo(this.scale * STEP ** steps, x, y); }
    pan(dx, dy) { this.keep(this.scale, [this.offset[0] + dx, this.offset[1] + dy]); }

    toScreen(x, y) { return [x * this.scale + this.offset[0], y * this.scale + this.offset[1]]; }
    toDevice(x, y) { return this.toScreen(x, y).map((value) => value * this.ratio); }
    toImage(x, y) { return { x: (x - this.offset[0]) / this.scale, y: (y - this.offset[1]) / this.scale }; }

    reveal([x1, y1, x2, y2]) {  // move so that an area can be seen
      const [left, top] = this.toScreen(x1, y1), [right, bottom] = this.toScreen(x2, y2);
      const shift = (low, high, shown) => (high < MARGIN || low > shown - MARGIN ? shown / 2 - (low + high) / 2 : 0);
      const dx = shift(left, right, this.width), dy = shift(top, bottom, this.height);
      if (dx || dy) this.pan(dx, dy);
    }

    paintImage(g) {
      if (!this.bitmap) return;
      const [w, h] = this.size, { width, height } = this.bitmap;
      const from = this.toImage(0, 0), to = this.toImage(this.width, this.height);
      const x1 = Math.max(0, Math.floor(from.x)), y1 = Math.max(0, Math.floor(from.y)), x2 = Math.min(w, Math.ceil(to.x)), y2 = Math.min(h, Math.ceil(to.y));
      if (x1 >= x2 || y1 >= y2) return;
      const [left, top] = this.toDevice(x1, y1), [right, bottom] = this.toDevice(x2, y2);
      g.imageSmoothingEnabled = this.scale * this.ratio < SMOOTH_BELOW;
      g.imageSmoothingQuality = "medium";
      g.drawImage(this.bitmap, (x1 * width) / w, (y1 * height) / h, ((x2 - x1) * width) / w, ((y2 - y1) * height) / h, left, top, right - left, bottom - top);
    }

    // Pointers: one is the tool's, two fingers move and zoom, the middle button or a held space bar moves.

    point(event) {
      const px = event.clientX - this.left, py = event.clientY - this.top;
      const slack = (event.pointerType === "touch" ? 18 : 7) / this.scale;  // how near counts as on it
      return { ...this.toImage(px, py), px, py, slack, shift: event.shiftKey, alt: event.altKey, touch: event.pointerType === "touch" };
    }

    setPanning(on) {
      this.panning = on;
      this.node.classList.toggle("grip", on);
    }

    down(event) {
      this.updateOrigin();
      this.node.focus({ preventScroll: true });
      event.preventDefault();
      this.node.setPointerCapture?.(event.pointerId);
      const touch = event.pointerType === "touch";
      this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
      if (touch && this.pointers.size === 2) {
        this.handlers.cancel();
        this.acting = "view";
      } else if (this.pointers.size > 1) return;
      else if (event.button === 1 || this.panning) this.acting = "view";
      else if (event.button === 0) { this.acting = "tool"; this.handlers.down(this.point(event)); } else this.acting = null;
      this.node.classList.toggle("gripping", this.acting === "view");
    }

    move(event) {
      const before = this.pointers.get(event.pointerId);
      if (!before) {
        if (event.pointerType !== "touch") this.hover(event);
        return;
      }
      if (this.acting === "view") this.drag(event, before);
      else if (this.acting === "tool") {
        const all = event.getCoalescedEvents?.() || [];
        this.handlers.move(this.point(event), all.map((one) => this.point(one)));
      }
      Object.assign(before, { x: event.clientX, y: event.clientY });
    }

    hover(event) {
      this.updateOrigin();
      this.handlers.hover(this.point(event));
    }

    drag(event, before) {
      const other = [...this.pointers].find(([id]) => id !== event.pointerId)?.[1];
      if (!other) { this.pan(event.clientX - before.x, event.clientY - before.y); return; }
      const far = (one) => Math.hypot(one.x - other.x, one.y - other.y) || 1;
      const now = { x: event.clientX, y: event.clientY };
      this.pan((now.x - before.x) / 2, (now.y - before.y) / 2);
      this.zoomTo((this.scale * far(now)) / far(before), (now.x + other.x) / 2 - this.left, (now.y + other.y) / 2 - this.top);
    }

    up(event, broken = false) {
      if (!this.pointers.delete(event.pointerId)) return;
      if (this.pointers.size) return;
      const { acting } = this;
      this.acting = null;
      this.node.classList.remove("gripping");
      if (acting === "tool") { if (broken) this.handlers.cancel(); else this.handlers.up(this.point(event)); }
    }

    wheel(event) {
      event.preventDefault();
      this.updateOrigin();
      const unit = event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? this.height : 1;
      if (event.shiftKey) { this.pan(-(event.deltaX || event.deltaY) * unit, 0); return; }
      this.zoomTo(this.scale * Math.exp(-event.deltaY * unit * (event.ctrlKey ? 0.01 : 0.0018)), event.clientX - this.left, event.clientY - this.top);
    }

    // A cursor for the keyboard, at corners of pixels.

    showCursor(at) {
      const [w, h] = this.size, clamp = jumok.objects.clamp;
      const from = at || this.toImage(this.width / 2, this.height / 2);
      this.cursor = { x: clamp(Math.round(from.x), 0, w), y: clamp(Math.round(from.y), 0, h) };
      this.reveal([this.cursor.x, this.cursor.y, this.cursor.x, this.cursor.y]);
      return this.cursor;
    }

    cursorPoint() { return { ...this.cursor, slack: 4 / this.scale, shift: false, alt: false, keyboard: true }; }
  }

  jumok.ImageStage = ImageStage;
  jumok.onceAFrame = once;
})();
