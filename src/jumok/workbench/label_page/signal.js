// A signal on a canvas: smallest and largest value of each pixel as the server gives them, zoomed and moved.
"use strict";
(() => {
  const { el, t, ask, colour, once, within } = jumok;
  const LANE = 96, FOOT = 20, GUTTER = 64, STRIP = 26;  // pixels
  const FEWEST = 16;  // rows that are shown at least
  const SETTLED = 60;  // milliseconds

  class SignalView {
    // hooks: draw(g, view) above the lines, strip(g, view) on the overview, moved(), loaded()
    constructor({ key, view, hooks }) {
      Object.assign(this, { key, view, hooks, parts: null, track: 30 });
      this.canvas = el("canvas", { "aria-hidden": "true" });
      this.strip = el("canvas", { class: "overview", "aria-hidden": "true" });
      this.frame = el("div", { class: "signal-frame", tabindex: 0, role: "application", "aria-label": t("signalOf", key) }, this.canvas);
      this.frame.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
      this.legend = el("p", { class: "legend number", "aria-hidden": "true" });
      const button = (text, word, work) => el("button", { type: "button", text, "aria-label": t(word), title: t(word), onclick: work });
      this.buttons = el("span", { class: "zooms", role: "group", "aria-label": t("zoom") }, button("−", "zoomOut", () => this.zoom(2)), button("+", "zoomIn", () => this.zoom(0.5)), button("↔", "zoomAll", () => this.fit()));
      this.draw = once(() => this.paint());
      this.watcher = new ResizeObserver(() => this.moved());
      this.watcher.observe(this.frame);
      const across = (event) => { if (event.buttons & 1) this.centre((event.offsetX / this.strip.clientWidth) * this.length); };
      this.strip.addEventListener("pointerdown", across);
      this.strip.addEventListener("pointermove", across);
      this.ready = this.begin();
    }

    async begin() {
      const first = await ask("signal", { key: this.key, from: 0, to: 1, points: 1 });
      Object.assign(this, { length: first.length, rate: first.rate, channels: first.channels });
      const kept = this.view.signal;
      [this.from, this.to] = kept && kept.to <= this.length ? [kept.from, kept.to] : [0, this.length];
      this.lane = Math.max(40, Math.min(LANE, Math.floor(420 / this.channels.length)));
      this.frame.style.height = `${this.height}px`;
      this.whole = await ask("signal", { key: this.key, from: 0, to: this.length, points: Math.min(this.length, 800) });
      this.limits = this.channels.map((_, c) => [Math.min(...this.whole.min[c].filter(Number.isFinite)), Math.max(...this.whole.max[c].filter(Number.isFinite))]);
      this.parts = { from: 0, to: this.length, ...this.whole };
      this.moved();
      this.hooks.loaded?.();
    }

    get height() { return this.lane * this.channels.length + this.track + FOOT; }

    get left() { return this.frame.clientWidth < 560 ? 0 : GUTTER; }

    get width() { return this.frame.clientWidth - this.left; }

    x(row) { return this.left + ((row - this.from) / (this.to - this.from)) * this.width; }

    row(x) { return Math.max(0, Math.min(this.length, this.from + ((x - this.left) / this.width) * (this.to - this.from))); }

    time(row) {
      if (!this.rate) return t("rowNumber", Math.round(row).toLocaleString());
      const seconds = row / this.rate, digits = (this.to - this.from) / this.rate < 2 ? 3 : 2;
      return t("seconds", seconds.toFixed(digits));
    }

    show(from, to) {
      const span = Math.min(this.length, Math.max(Math.min(FEWEST, this.length), to - from));
      this.from = Math.max(0, Math.min(this.length - span, from));
      this.to = this.from + span;
      this.view.signal = { from: this.from, to: this.to };
      this.moved();
    }

    zoom(by, around = (this.from + this.to) / 2) { this.show(around - (around - this.from) * by, around + (this.to - around) * by); }

    pan(rows) { this.show(this.from + rows, this.from + rows + (this.to - this.from)); }

    centre(row) { this.pan(row - (this.from + this.to) / 2); }

    fit() { this.show(0, this.length); }

    reveal(row) {
      const room = (this.to - this.from) * 0.05;
      if (row < this.from) this.pan(row - room - this.from);
      else if (row > this.to) this.pan(row + room - this.to);
    }

    wheel(event) {
      if (!this.parts) return;
      event.preventDefault();
      const across = Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey;
      if (across) this.pan((((event.deltaX || event.deltaY) / this.width) * (this.to - this.from)));
      else this.zoom(Math.exp(Math.max(-60, Math.min(60, event.deltaY)) / 150), this.row(event.offsetX));
    }

    moved() {
      this.draw();
      this.hooks.moved?.();
      clearTimeout(this.timer);
      if (this.parts) this.timer = setTimeout(() => this.load(), SETTLED);
    }

    async load() {  // what is seen, as fine as the pixels
      const from = Math.floor(this.from), to = Math.ceil(this.to), points = Math.max(1, Math.min(to - from, Math.round(this.width)));
      const turn = this.turn = (this.turn ?? 0) + 1;
      if (this.parts.from === from && this.parts.to === to && this.parts.min[0].length >= points) return;
      try {
        const found = await ask("signal", { key: this.key, from, to, points });
        if (turn === this.turn) this.parts = { from, to, ...found };
      } catch { return; }  // what is drawn stays
      this.draw();
    }

    prepare(canvas, height) {
      const ratio = devicePixelRatio || 1, wide = canvas.parentElement?.clientWidth ?? 0;
      const size = [Math.round(wide * ratio), Math.round(height * ratio)];
      if (canvas.width !== size[0] || canvas.height !== size[1]) [canvas.width, canvas.height] = size;
      const g = canvas.getContext("2d");
      g.setTransform(ratio, 0, 0, ratio, 0, 0);
      g.clearRect(0, 0, wide, height);
      return wide ? g : null;
    }

    paint() {
      const g = this.parts && this.prepare(this.canvas, this.height);
      if (!g) return;
      const bottom = this.lane * this.channels.length;
      g.fillStyle = colour("token");
      g.fillRect(this.left, 0, this.width, bottom);
      g.save();
      g.beginPath();
      g.rect(this.left, 0, this.width, bottom + this.track);
      g.clip();
      this.channels.forEach((_, c) => this.line(g, c));
      this.hooks.draw(g, this);
      g.restore();
      this.axes(g, bottom);
      const s = this.prepare(this.strip, STRIP);
      if (s) this.overview(s);
    }

    line(g, c) {
      const { from, to, min, max } = this.parts, n = min[c].length, [low, high] = this.limits[c];
      const y = (v) => (c + 1) * this.lane - 6 - ((v - low) / (high - low || 1)) * (this.lane - 12);
      g.strokeStyle = colour("heat");
      g.lineWidth = 1.3;
      g.beginPath();
      let pen = false;
      for (let i = 0; i < n; i++) {
        const x = this.x(from + ((i + 0.5) / n) * (to - from)), [a, b] = [min[c][i], max[c][i]];
        if (a === null || b === null) { pen = false; continue; }
        if (pen) g.lineTo(x, y(a)); else g.moveTo(x, y(a));
        if (b !== a) g.lineTo(x, y(b));
        pen = true;
      }
      g.stroke();
    }

    axes(g, bottom) {
      g.font = `12px ${getComputedStyle(document.body).fontFamily}`;
      this.channels.forEach((name, c) => {
        g.strokeStyle = colour("line");
        g.beginPath();
        g.moveTo(this.left, (c + 1) * this.lane);
        g.lineTo(this.left + this.width, (c + 1) * this.lane);
        g.stroke();
        const [low, high] = this.limits[c], x = this.left ? 2 : 6;
        g.fillStyle = colour("ink");
        g.fillText(name, x, c * this.lane + this.lane / 2 + 4, GUTTER - 6);
        g.fillStyle = colour("quiet");
        if (!this.left || this.lane < 56) return;
        g.fillText(within(high, (high - low) / 10), x, c * this.lane + 12, GUTTER - 6);
        g.fillText(within(low, (high - low) / 10), x, (c + 1) * this.lane - 4, GUTTER - 6);
      });
      g.fillStyle = colour("quiet");
      const many = Math.max(2, Math.floor(this.width / 130));
      for (let i = 0; i <= many; i++) {
        const row = this.from + (i / many) * (this.to - this.from);
        g.textAlign = i === 0 ? "left" : i === many ? "right" : "center";
        g.fillText(this.time(row), this.x(row), bottom + this.track + 15);
      }
      g.textAlign = "left";
    }

    overview(g) {
      const wide = this.strip.clientWidth, x = (row) => (row / this.length) * wide;
      g.fillStyle = colour("token");
      g.fillRect(0, 0, wide, STRIP);
      this.hooks.strip(g, x, STRIP);
      g.strokeStyle = colour("pin");
      g.lineWidth = 2;
      g.strokeRect(x(this.from) + 1, 1, Math.max(4, x(this.to) - x(this.from) - 2), STRIP - 2);
    }

    close() {
      clearTimeout(this.timer);
      this.watcher.disconnect();
    }
  }

  Object.assign(jumok, { SignalView });
})();
