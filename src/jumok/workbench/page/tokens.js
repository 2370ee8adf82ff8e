// A row of tokens to point at. Long ones are a strip of all and a lens on some.
"use strict";
(() => {
  const { el, t, colour, largest, once } = jumok;
  const LONG = 60;  // tokens that are still shown all at once
  const STRIP = 30;  // pixels high

  class TokenRow {
    constructor({ axis, side, title, handlers }) {
      Object.assign(this, { axis, side, handlers });
      this.long = axis.count > LONG;
      this.active = this.pinned = null;
      this.weights = null;
      this.first = 0;
      this.tokens = el("div", {
        class: "tokens", role: "listbox", "aria-label": title, "aria-orientation": "horizontal", tabindex: axis.count ? null : 0,
        onpointerover: (event) => this.over(event), onpointermove: (event) => this.rests(event),
        onpointerleave: () => { this.pointer = null; handlers.leave(side); },
        onclick: (event) => this.click(event), onkeydown: (event) => this.key(event),
      });
      this.node = el("div", { class: `row ${side} ${this.long ? "long" : ""}` },
        el("h4", { text: title }), this.long ? this.makeStrip() : null, this.tokens);
      this.size = this.long ? this.lensSize() : axis.count;  // tokens that are laid out
      this.low = 0;
      this.high = this.size - 1;  // of those the first and the last that fit
      this.fill();
      this.drawStrip = once(() => this.paintStrip());
    }

    lensSize() { return Math.min(this.axis.count, innerWidth < 700 ? 13 : 29); }

    makeStrip() {
      const at = (event) => {
        const box = this.canvas.getBoundingClientRect();
        const share = (event.clientX - box.left) / box.width;
        return Math.max(0, Math.min(this.axis.count - 1, Math.floor(share * this.axis.count)));
      };
      this.canvas = el("canvas", {
        class: "strip", "aria-hidden": "true", title: t("strip", this.axis.count),
        onpointermove: (event) => { const i = at(event); this.centre(i); this.handlers.hover(this.side, i, event); },
        onpointerleave: () => this.handlers.leave(this.side),
        onclick: (event) => { const i = at(event); this.centre(i); this.handlers.pick(this.side, i); },
      });
      return this.canvas;
    }

    fill() {
      this.options = Array.from({ length: this.size }, () => el("span", { class: "token", role: "option", tabindex: -1 }));
      this.tokens.replaceChildren(...(this.long ? this.options : this.words()));
      this.label();
    }

    words() {  // tokens of one word stay together
      const made = [];
      this.options.forEach((option, i) => {
        if (!this.axis.shapes[i].joined) made.push(el("span", { class: "word", role: "presentation" }));
        (made.at(-1) ?? made[made.push(el("span", { class: "word", role: "presentation" })) - 1]).append(option);
      });
      return made;
    }

    label() {  // which tokens the options are
      this.options.forEach((option, n) => {
        const i = this.first + n, shape = this.axis.shapes[i];
        option.dataset.i = i;
        option.textContent = shape.text;
        option.classList.toggle("joined", shape.joined && n > 0);
        option.classList.toggle("special", shape.special);
        option.setAttribute("aria-posinset", i + 1);
        option.setAttribute("aria-setsize", this.axis.count);
      });
      this.mark();
    }

    option(i) { return this.options[i - this.first]; }

    inside(i) { return i >= this.low && i <= this.high; }

    fit(i) {  // show as many tokens around one as there is room for; the others are hidden, not cut off
      for (const option of this.options) option.hidden = false;
      const widths = this.options.map((option) => option.offsetWidth + 6);
      const room = this.tokens.clientWidth - 6;
      this.room = this.tokens.clientWidth;
      [this.low, this.high] = [this.first, this.first + this.size - 1];
      if (room <= 0) return;  // not laid out yet: once it is, `measure` fits
      let low = Math.max(0, Math.min(this.size - 1, i - this.first)), high = low, used = widths[low];
      for (let grown = true; grown;) {
        grown = false;
        if (high + 1 < this.size && used + widths[high + 1] <= room) { used += widths[++high]; grown = true; }
        if (low > 0 && used + widths[low - 1] <= room) { used += widths[--low]; grown = true; }
      }
      this.options.forEach((option, n) => { option.hidden = n < low || n > high; });
      [this.low, this.high] = [this.first + low, this.first + high];
    }

    index(event) {
      const option = event.target.closest("[data-i]");
      return option ? Number(option.dataset.i) : null;
    }

    rests(event) {  // whether the pointer is where it was: tokens may move below it
      const place = `${event.clientX},${event.clientY}`, same = place === this.pointer;
      this.pointer = place;
      return same;
    }

    over(event) {
      if (this.rests(event)) return;
      const i = this.index(event);
      if (i !== null) this.handlers.hover(this.side, i, event);
    }

    click(event) {
      const i = this.index(event);
      if (i !== null) this.handlers.pick(this.side, i);
    }

    key(event) {
      const i = this.index(event);
      if (i === null) return;
      if (event.key.startsWith("Arrow") || event.key === "Home" || event.key === "End") {
        event.preventDefault();
        event.stopPropagation();
        const next = event.key === "Home" ? 0 : event.key === "End" ? this.axis.count - 1 : this.axis.moved(i, event.key);
        this.focus(next);
        this.handlers.move(this.side, next);
      } else if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        event.stopPropagation();
        this.handlers.pick(this.side, i);
      }
    }

    focus(i) {
      this.reveal(i);
      this.current = i;
      this.mark();
      this.option(i)?.focus({ preventScroll: false });
    }

    reveal(i) {  // so that a token is within the lens, moving it no more than needed
      if (!this.long || i === null) return;
      const edge = 2;
      const before = i < this.low + edge && this.low > 0, after = i > this.high - edge && this.high < this.axis.count - 1;
      if (before || after || !this.inside(i)) this.centre(i);
    }

    centre(i) {
      const first = Math.max(0, Math.min(this.axis.count - this.size, i - Math.floor(this.size / 2)));
      this.centred = i;
      if (first !== this.first) {
        this.first = first;
        this.label();
        this.shade();
      }
      this.fit(i);
      this.mark();
    }

    mark() {
      const tabbable = [this.current, this.pinned, this.active, this.low].find((i) => i !== null && i !== undefined && this.inside(i));
      this.options.forEach((option, n) => {
        const i = this.first + n;
        option.classList.toggle("active", i === this.active);
        option.classList.toggle("pinned", i === this.pinned);
        option.setAttribute("aria-selected", i === this.pinned);
        option.tabIndex = i === tabbable ? 0 : -1;
      });
      this.drawStrip?.();
    }

    set(active, pinned) {
      if (this.active === active && this.pinned === pinned) return;
      this.active = active;
      this.pinned = pinned;
      this.mark();
    }

    weigh(weights) {
      this.weights = weights;
      this.most = weights ? largest(weights) : 0;
      this.shade();
      this.drawStrip();
    }

    shade() {
      this.options.forEach((option, n) => {
        const w = this.weights && this.most > 0 ? this.weights[this.first + n] / this.most : 0;
        option.style.setProperty("--w", w.toFixed(3));
      });
    }

    measure(frame) {  // where tokens are, within the stage
      this.places = new Map();
      if (this.long && this.room !== this.tokens.clientWidth) {
        this.fit(this.centred ?? this.active ?? this.first);
        this.mark();
      }
      for (const option of this.options) {
        if (option.hidden) continue;
        const box = option.getBoundingClientRect();
        const middle = box.left + box.width / 2;
        this.places.set(Number(option.dataset.i), {
          x: middle - frame.left, top: box.top - frame.top, bottom: box.bottom - frame.top,
        });
      }
      if (this.long) {
        const box = this.canvas.getBoundingClientRect();
        this.strip = { left: box.left - frame.left, width: box.width, top: box.top - frame.top, bottom: box.bottom - frame.top };
      }
    }

    place(i) {  // a point for a curve: below tokens that look, above those looked at
      const token = this.places?.get(i);
      if (this.side === "query") return token ? { x: token.x, y: token.bottom } : null;
      if (!this.long) return token ? { x: token.x, y: token.top } : null;
      return this.strip ? { x: this.strip.left + ((i + 0.5) / this.axis.count) * this.strip.width, y: this.strip.top } : null;
    }

    paintStrip() {
      if (!this.long || !this.canvas.isConnected) return;
      const width = this.canvas.clientWidth, n = this.axis.count, ratio = devicePixelRatio || 1;
      if (!width) return;
      this.canvas.width = Math.round(width * ratio);
      this.canvas.height = STRIP * ratio;
      const g = this.canvas.getContext("2d");
      g.scale(ratio, ratio);
      g.fillStyle = colour("token");
      g.fillRect(0, 0, width, STRIP);
      g.fillStyle = colour("lens");
      g.fillRect((this.low / n) * width, 0, ((this.high - this.low + 1) / n) * width, STRIP);
      if (this.weights && this.most > 0) {
        g.fillStyle = colour("heat");
        const bar = Math.max(1, width / n - (width / n > 4 ? 1 : 0));
        this.weights.forEach((w, i) => {
          const high = (w / this.most) * (STRIP - 3);
          if (high > 0.3) g.fillRect((i / n) * width, STRIP - high, bar, high);
        });
      } else {
        g.fillStyle = colour("line");
        for (let i = 0; i < n; i++) g.fillRect(((i + 0.5) / n) * width, STRIP / 2 - 2, 1, 4);
      }
      for (const [i, name] of [[this.active, "heat"], [this.pinned, "pin"]]) {
        if (i === null) continue;
        g.fillStyle = colour(name);
        g.fillRect(((i + 0.5) / n) * width - 1, 0, 2.5, STRIP);
      }
    }
  }

  class ObjectRow {  // the boxes that were found, each of an object query
    constructor({ axis, title, handlers }) {
      Object.assign(this, { axis, handlers });
      this.options = new Map();
      this.node = el("div", { class: "row query" }, el("h4", { text: title }),
        el("div", { class: "tokens", role: "listbox", "aria-label": title, onpointerleave: () => handlers.leave("query") },
          [...axis.found.values()].map((object) => {
            const option = el("span", {
              class: "token", role: "option", tabindex: -1, text: axis.label(object.query), "data-i": object.query,
              onpointerenter: (event) => handlers.hover("query", object.query, event),
              onclick: () => handlers.pick("query", object.query),
              onkeydown: (event) => this.key(event, object.query),
            });
            this.options.set(object.query, option);
            return option;
          })),
        this.none = el("p", { class: "quiet", text: t("noneSure") }));
      this.weigh(null);
      this.limit();
    }

    limit() {  // only those that are sure enough
      const shown = new Set(this.axis.objects.map((object) => object.query));
      for (const [query, option] of this.options) option.hidden = !shown.has(query);
      this.none.hidden = shown.size > 0;
      this.reachable(this.axis.objects[0]?.query);
    }

    reachable(query) { for (const [i, option] of this.options) option.tabIndex = i === query ? 0 : -1; }

    key(event, i) {
      if (event.key.startsWith("Arrow")) {
        event.preventDefault();
        event.stopPropagation();
        const next = this.axis.moved(i, event.key);
        this.focus(next);
        this.handlers.move("query", next);
      } else if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        event.stopPropagation();
        this.handlers.pick("query", i);
      }
    }

    focus(i) {
      this.reachable(i);
      this.options.get(i)?.focus();
    }

    reveal() {}

    set(active, pinned) {
      for (const [i, option] of this.options) {
        option.classList.toggle("active", i === active);
        option.classList.toggle("pinned", i === pinned);
        option.setAttribute("aria-selected", i === pinned);
      }
    }

    weigh(weights) {
      const most = weights ? largest(weights) : 0;
      for (const [i, option] of this.options) option.style.setProperty("--w", most > 0 ? (weights[i] / most).toFixed(3) : 0);
    }

    measure(frame) {}

    place() { return null; }
  }

  Object.assign(jumok, { TokenRow, ObjectRow });
})();
