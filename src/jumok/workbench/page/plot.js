// Lines over time on a canvas, one lane for each channel: zoomed and moved by wheel, by dragging, and by keys.
"use strict";
(() => {
  const { el, t, colour, within, once, largest } = jumok;
  const TRACK = 24, FOOT = 20, GUTTER = 84, NARROW = 560;  // pixels
  const FEWEST = 8;  // steps that are shown at least
  const STILL = 4;  // pixels that a click may move

  class Plot {
    // lanes: [{name, unit, curves: [{steps, values, style}], low, high}]; `length` steps; time: how steps are said.
    // Hooks: back(plot, g), front(plot, g), point({step, lane, event}), leave(), pick({step, lane}), key(event).
    constructor({ lanes, length, time, label, track = false, height = 560, most = lanes.length === 1 ? 160 : 92, hooks }) {
      Object.assign(this, { lanes, length, time, hooks, track: track ? TRACK : 0 });
      this.lane = Math.max(16, Math.min(most, Math.floor(height / Math.max(1, lanes.length))));
      [this.from, this.to] = [0, length];
      this.canvas = el("canvas", { "aria-hidden": "true" });
      this.ink = el("canvas");
      this.frame = el("div", {
        class: "plot", role: "application", tabindex: 0, "aria-label": label, style: { height: `${this.height}px` },
        onpointerdown: (event) => this.grip(event), onpointermove: (event) => this.move(event), onpointerup: (event) => this.release(event),
        onpointercancel: () => { this.drag = null; }, onpointerleave: () => hooks.leave?.(), onkeydown: (event) => this.key(event),
      }, this.canvas);
      this.frame.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
      const button = (sign, word, work) => el("button", { type: "button", class: "turn", text: sign, title: t(word), "aria-label": t(word), onclick: work });
      this.buttons = el("span", { class: "zooms", role: "group", "aria-label": t("zoom") }, button("−", "zoomOut", () => this.zoom(2)), button("+", "zoomIn", () => this.zoom(0.5)), button("↔", "zoomAll", () => this.show(0, this.length)));
      this.draw = once(() => this.paint());
      this.watcher = new ResizeObserver(() => this.redraw());
      this.watcher.observe(this.frame);
    }

    get height() { return this.lane * this.lanes.length + this.track + FOOT; }

    get narrow() { return this.frame.clientWidth < NARROW; }

    get left() { return this.narrow ? 0 : GUTTER; }

    get width() { return this.frame.clientWidth - this.left; }

    x(step) { return this.left + ((step - this.from) / (this.to - this.from)) * this.width; }

    y(lane, value) {
      const { low, high } = this.lanes[lane], room = Math.min(8, this.lane * 0.14);
      return (lane + 1) * this.lane - room - ((value - low) / (high - low || 1)) * (this.lane - 2 * room);
    }

    place(event) {  // {step, lane} of a pointer; null beside the steps
      const box = this.frame.getBoundingClientRect();
      const step = this.from + ((event.clientX - box.left - this.left) / this.width) * (this.to - this.from);
      if (step < this.from || step >= this.to) return null;
      return { step, lane: Math.max(0, Math.min(this.lanes.length - 1, Math.floor((event.clientY - box.top) / this.lane))) };
    }

    show(from, to) {
      const span = Math.min(this.length, Math.max(Math.min(FEWEST, this.length), to - from));
      this.from = Math.max(0, Math.min(this.length - span, from));
      this.to = this.from + span;
      this.frame.dataset.span = `${this.from.toFixed(2)}:${this.to.toFixed(2)}`;
      this.redraw();
    }

    zoom(by, around = (this.from + this.to) / 2) { this.show(around - (around - this.from) * by, around + (this.to - around) * by); }

    reveal(first, end) {  // move no further than needed
      if (first < this.from) this.show(first, first + this.to - this.from);
      else if (end > this.to) this.show(end - (this.to - this.from), end);
    }

    wheel(event) {  // a page is scrolled past a plot that nobody has chosen
      const across = Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey;
      const span = this.to - this.from, whole = span >= this.length;
      if (!across && !event.ctrlKey && !event.metaKey && document.activeElement !== this.frame) return;
      if (whole && (across || event.deltaY > 0)) return;
      event.preventDefault();
      if (across) this.show(this.from + ((event.deltaX || event.deltaY) / this.width) * span, this.to + ((event.deltaX || event.deltaY) / this.width) * span);
      else this.zoom(Math.exp(Math.max(-60, Math.min(60, event.deltaY)) / 150), this.place(event)?.step);
    }

    grip(event) {
      if (event.button !== 0) return;
      this.drag = { x: event.clientX, y: event.clientY, from: this.from, to: this.to, moved: false };
    }

    move(event) {
      const { drag } = this;
      if (drag && event.buttons & 1) {
        drag.moved ||= Math.hypot(event.clientX - drag.x, event.clientY - drag.y) > STILL;
        if (drag.moved && drag.to - drag.from < this.length) {
          this.frame.setPointerCapture?.(event.pointerId);
          const by = ((drag.x - event.clientX) / this.width) * (drag.to - drag.from);
          this.show(drag.from + by, drag.to + by);
          return;
        }
      }
      const place = this.place(event);
      if (place) this.hooks.point?.({ ...place, event });
      else this.hooks.leave?.();
    }

    release(event) {
      const place = this.drag && !this.drag.moved ? this.place(event) : null;
      this.drag = null;
      if (place) this.hooks.pick?.(place);
    }

    key(event) {
      const span = this.to - this.from;
      const works = {
        "+": () => this.zoom(0.5), "=": () => this.zoom(0.5), "-": () => this.zoom(2), 0: () => this.show(0, this.length),
        ...(event.shiftKey ? { ArrowLeft: () => this.show(this.from - span / 4, this.to - span / 4), ArrowRight: () => this.show(this.from + span / 4, this.to + span / 4) } : {}),
      };
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (!works[event.key]) { this.hooks.key?.(event); return; }
      event.preventDefault();
      event.stopPropagation();
      works[event.key]();
    }

    remove() { this.watcher.disconnect(); }

    redraw() {
      this.stale = true;
      this.draw();
    }

    paint() {
      const ratio = devicePixelRatio || 1, { clientWidth: wide } = this.frame;
      if (!wide) return;
      const theme = document.documentElement.dataset.theme;
      const size = [Math.round(wide * ratio), Math.round(this.height * ratio)];
      if (this.stale || this.inked !== theme || this.ink.width !== size[0]) this.drawInk(size, ratio);
      this.inked = theme;
      this.stale = false;
      if (this.canvas.width !== size[0] || this.canvas.height !== size[1]) [this.canvas.width, this.canvas.height] = size;
      const g = this.canvas.getContext("2d");
      g.setTransform(ratio, 0, 0, ratio, 0, 0);
      g.clearRect(0, 0, wide, this.height);
      g.fillStyle = colour("token");
      g.fillRect(this.left, 0, this.width, this.lane * this.lanes.length);
      g.save();
      g.beginPath();
      g.rect(this.left, 0, this.width, this.height);
      g.clip();
      this.hooks.back?.(this, g);
      g.restore();
      g.setTransform(1, 0, 0, 1, 0, 0);
      g.drawImage(this.ink, 0, 0);
      g.setTransform(ratio, 0, 0, ratio, 0, 0);
      g.save();
      g.beginPath();
      g.rect(this.left, 0, this.width, this.height - FOOT);
      g.clip();
      this.hooks.front?.(this, g);
      g.restore();
    }

    drawInk(size, ratio) {  // what stays while people point: lines, gaps, names and ticks
      [this.ink.width, this.ink.height] = size;
      const g = this.ink.getContext("2d");
      g.scale(ratio, ratio);
      g.font = `12px ${getComputedStyle(document.body).fontFamily}`;
      g.save();
      g.beginPath();
      g.rect(this.left, 0, this.width, this.height);
      g.clip();
      this.lanes.forEach((lane, n) => lane.curves.forEach((curve) => this.curve(g, n, curve)));
      g.restore();
      this.lanes.forEach((lane, n) => this.name(g, lane, n));
      this.ticks(g);
    }

    curve(g, lane, { steps, values, style = "ink", dash = [], wide = 1.3, low, high }) {
      if (low) { this.band(g, lane, { steps, low, high, style }); if (!values) return; }
      g.strokeStyle = g.fillStyle = colour(style);
      g.lineWidth = wide;
      g.setLineDash(dash);
      g.lineJoin = "round";
      g.beginPath();
      let open = false;
      const alone = [], gaps = [];
      values.forEach((value, i) => {
        const missing = value === null || value === undefined, x = this.x(steps[i] + 0.5);
        if (missing) {
          if (open || i === 0) gaps.push([this.x(steps[i]), 0]);
          if (gaps.length) gaps.at(-1)[1] = this.x(steps[i] + 1);
        } else if (open) g.lineTo(x, this.y(lane, value));
        else {
          g.moveTo(x, this.y(lane, value));
          if (values[i + 1] === null || i === values.length - 1) alone.push([x, this.y(lane, value)]);
        }
        open = !missing;
      });
      g.stroke();
      g.setLineDash([]);
      for (const [x, y] of alone) { g.beginPath(); g.arc(x, y, wide + 0.6, 0, 7); g.fill(); }
      this.gaps(g, lane, gaps);
    }

    gaps(g, lane, spans) {  // nothing was measured there
      g.strokeStyle = colour("strong");
      g.setLineDash([2, 4]);
      g.lineWidth = 1;
      for (const [from, to] of spans) {
        g.strokeRect(from, lane * this.lane + 3.5, Math.max(2, to - from), this.lane - 7);
      }
      g.setLineDash([]);
    }

    band(g, lane, { steps, low, high, style }) {
      g.fillStyle = colour(style);
      g.globalAlpha = 0.2;
      g.beginPath();
      steps.forEach((step, i) => g[i ? "lineTo" : "moveTo"](this.x(step + 0.5), this.y(lane, high[i])));
      for (let i = steps.length - 1; i >= 0; i--) g.lineTo(this.x(steps[i] + 0.5), this.y(lane, low[i]));
      g.fill();
      g.globalAlpha = 1;
    }

    name(g, lane, n) {
      const top = n * this.lane;
      g.fillStyle = colour("line");
      if (n) g.fillRect(this.left, top, this.width, 1);
      const cut = (text, most) => { let short = text; while (short.length > 1 && g.measureText(short).width > most) short = `${short.slice(0, -2)}…`; return short; };
      g.textBaseline = "top";
      g.textAlign = "left";
      if (this.narrow) {
        const text = cut(lane.name, this.width - 16);
        g.fillStyle = colour("card");
        g.globalAlpha = 0.75;
        g.fillRect(2, top + 2, g.measureText(text).width + 8, 15);
        g.globalAlpha = 1;
        g.fillStyle = colour("quiet");
        g.fillText(text, 6, top + 3);
        return;
      }
      g.fillStyle = colour("ink");
      g.textBaseline = "middle";
      const roomy = this.lane >= 44;
      g.fillText(cut(lane.name, roomy ? GUTTER - 8 : GUTTER - 8), 0, top + this.lane / 2);
      if (!roomy) return;
      g.fillStyle = colour("quiet");
      g.textAlign = "right";
      g.font = g.font.replace("12px", "11px");
      const span = lane.high - lane.low;
      g.fillText(within(lane.high, span), GUTTER - 6, this.y(n, lane.high) + 2);
      g.fillText(`${within(lane.low, span)}${lane.unit ? ` ${lane.unit}` : ""}`, GUTTER - 6, this.y(n, lane.low) - 2);
      g.font = g.font.replace("11px", "12px");
    }

    ticks(g) {
      const { scale, origin = 0 } = this.time, span = (this.to - this.from) / scale, raw = span / Math.max(2, this.width / (this.time.wide ?? 110));
      const power = 10 ** Math.floor(Math.log10(raw));
      const step = Math.max([1, 2, 5, 10].map((n) => n * power).find((n) => n >= raw - 1e-12), scale === 1 ? 1 : 0);
      g.fillStyle = g.strokeStyle = colour("quiet");
      g.textBaseline = "top";
      g.lineWidth = 1;
      const bottom = this.height - FOOT;
      let free = -Infinity;  // where the last text ends
      for (let n = Math.ceil((this.from - origin) / scale / step - 1e-9); origin + n * step * scale < this.to; n++) {
        const at = origin + n * step * scale, x = this.x(at + (scale === 1 ? 0.5 : 0));
        if (x > this.left + this.width) break;
        const text = this.time.tick(at), wide = g.measureText(text).width;
        const start = Math.max(this.left, Math.min(this.left + this.width - wide, x - wide / 2));
        g.fillRect(x, bottom, 1, 4);
        if (start < free) continue;
        free = start + wide + 8;
        g.textAlign = "left";
        g.fillText(text, start, bottom + 6);
      }
    }
  }

  function laneOf(name, unit, curves) {  // as high as its values
    let low = Infinity, high = -Infinity;
    for (const { values, low: below, high: above } of curves) {
      for (const some of [values, below, above]) for (const value of some || []) {
        if (value === null || value === undefined) continue;
        if (value < low) low = value;
        if (value > high) high = value;
      }
    }
    if (low > high) [low, high] = [0, 0];
    if (low === high) [low, high] = [low - 0.5, high + 0.5];
    return { name, unit, curves, low, high };
  }

  function nearest(steps, step) {  // the number of the point that is drawn next to a step
    let best = 0;
    for (let i = 1; i < steps.length; i++) if (Math.abs(steps[i] - step) < Math.abs(steps[best] - step)) best = i;
    return best;
  }

  function shadeStretches(g, axis, weights, across) {  // stretches of time by their weights, at across(i) = [x, y, width, height]
    const most = weights && axis?.spans ? largest(weights) : 0;
    if (!(most > 0)) return false;
    const order = Array.from(weights.keys()).filter((i) => weights[i] / most > 0.004).sort((a, b) => weights[a] - weights[b]);
    for (const i of order) {  // the strongest on top, where they overlap
      const box = across(i);
      if (!box) continue;
      g.globalAlpha = 1;
      g.fillStyle = colour("token");
      g.fillRect(...box);
      g.globalAlpha = weights[i] / most;
      g.fillStyle = colour("shade");
      g.fillRect(...box);
    }
    g.globalAlpha = 1;
    return true;
  }

  Object.assign(jumok, { Plot, laneOf, nearest, shadeStretches });
})();
