// Stretches of a recording marked with a class: drawn over the signal by dragging, or with a cursor by keys.
"use strict";
(() => {
  const { el, t, colour, merged, uid, SignalView, stretchesOf } = jumok;
  const GRIP = 6, STILL = 4;  // pixels around an edge; pixels that a click may move

  class SeriesEditor {
    constructor(host, context) {
      Object.assign(this, { host, context, stretches: this.named(context.marks), proposals: [], selected: null, cursor: 0, visible: { marks: true, proposals: true, hidden: [] }, current: "mark" });
      this.tools = [{ id: "mark", key: "B", words: "toolMark" }, { id: "select", key: "V", words: "toolSelect" }];
      this.signal = new SignalView({ key: context.item.key, view: context.view, hooks: { draw: (g) => this.draw(g), strip: (g, x, high) => this.drawStrip(g, x, high), loaded: () => this.say() } });
      this.ready = this.signal.ready.then(() => {}, (error) => { this.told.textContent = error.sentence ? error.message : t("away"); });
      this.told = el("p", { class: "told number", text: "\u00a0" });
      const { frame } = this.signal;
      frame.addEventListener("pointerdown", (event) => this.grip(event));
      frame.addEventListener("pointermove", (event) => this.move(event));
      frame.addEventListener("pointerup", (event) => this.release(event));
      frame.addEventListener("pointercancel", () => { this.drag = null; this.signal.draw(); });
      this.node = el("div", { class: "series-editor" }, frame, el("div", { class: "strip-frame" }, this.signal.strip), el("div", { class: "bar" }, this.signal.buttons, this.told));
      host.append(this.node);
    }

    named(marks) { return stretchesOf.sorted(marks.stretches).map((one) => ({ uid: uid(), ...one })); }

    get chosen() { return this.stretches.find((one) => one.uid === this.selected) ?? null; }

    colourOf(name) { return this.context.session.classes.find((one) => one.name === name)?.color ?? colour("strong"); }

    put(stretches, selected = this.selected) {
      if (JSON.stringify(stretches) === JSON.stringify(this.stretches)) return;
      this.stretches = stretches;
      this.choose(selected);
      this.context.changed();
    }

    choose(selected) {
      this.selected = this.stretches.some((one) => one.uid === selected) ? selected : null;
      this.say();
      this.signal.draw();
      this.context.refresh();
    }

    say() {
      if (!this.signal.length) return;
      const one = this.chosen, at = this.signal.time(this.cursor);
      this.told.textContent = one ? t("stretchSaid", one.class, this.signal.time(one.start), this.signal.time(one.end)) : t("cursorAt", at);
    }

    // With a pointer

    place(event) {
      const box = this.signal.frame.getBoundingClientRect(), x = event.clientX - box.left;
      return { x, row: Math.round(this.signal.row(x)) };
    }

    edgeAt(x) {
      let best = null;
      for (const one of this.stretches) {
        for (const edge of ["start", "end"]) {
          const far = Math.abs(this.signal.x(one[edge]) - x);
          const better = !best || far < best.far || (far === best.far && one.uid === this.selected);
          if (far <= GRIP && better) best = { far, uid: one.uid, edge };
        }
      }
      return best;
    }

    at(row) { return this.stretches.find((one) => one.start <= row && row < one.end) ?? null; }

    grip(event) {
      if (!this.signal.parts) return;
      const { x, row } = this.place(event);
      this.signal.frame.setPointerCapture(event.pointerId);
      if (event.button === 1 || this.space) this.drag = { kind: "pan", x, from: this.signal.from };
      else if (event.button === 0) {
        const edge = this.edgeAt(x);
        this.drag = edge ? { kind: "edge", ...edge, x, before: this.stretches } : { kind: this.current === "mark" ? "mark" : "click", x, row, to: row };
      }
      if (event.button === 1) event.preventDefault();
    }

    move(event) {
      if (!this.signal.parts) return;
      const { x, row } = this.place(event), { drag } = this;
      this.signal.frame.style.cursor = drag?.kind === "pan" ? "grabbing" : this.edgeAt(x) ? "ew-resize" : this.current === "mark" ? "crosshair" : "default";
      if (!drag) return;
      drag.moved ||= Math.abs(x - drag.x) > STILL;
      if (drag.kind === "pan") this.signal.pan(drag.from - ((x - drag.x) / this.signal.width) * (this.signal.to - this.signal.from) - this.signal.from);
      if (drag.kind === "edge" && drag.moved) this.stretches = stretchesOf.resize(drag.before, drag.uid, drag.edge, row, this.signal.length);
      drag.to = row;
      this.signal.draw();
    }

    release(event) {
      const { drag } = this, { row } = this.place(event);
      this.drag = null;
      if (!drag || drag.kind === "pan") return;
      this.cursor = row;
      if (drag.kind === "edge" && drag.moved) {
        const moved = this.stretches;
        this.stretches = drag.before;
        this.put(moved, drag.uid);
      } else if (drag.kind === "mark" && drag.moved) this.paint(Math.min(drag.row, row), Math.max(drag.row, row));
      else this.choose(this.at(drag.row ?? row)?.uid ?? null);
    }

    paint(start, end) {
      const name = this.context.className();
      if (name === null) { this.context.status(t("noClass")); return; }
      if (end <= start) return;
      const id = uid();
      this.put(stretchesOf.paint(this.stretches, start, end, name, id), id);
    }

    // With keys

    moveCursor(by) {
      this.cursor = Math.max(0, Math.min(this.signal.length, this.cursor + by));
      this.signal.reveal(this.cursor);
      this.signal.draw();
      this.context.status(t("cursorAt", this.signal.time(this.cursor)));
      this.say();
    }

    edge(edge) {  // of the selected one, or of a new one, at the cursor
      const one = this.chosen;
      if (one) { this.put(stretchesOf.resize(this.stretches, one.uid, edge, this.cursor, this.signal.length)); return; }
      this.begun ??= {};
      this.begun[edge] = this.cursor;
      const { start, end } = this.begun;
      if (start !== undefined && end !== undefined && end > start) {
        this.begun = null;
        this.paint(start, end);
      } else this.context.status(t(edge === "start" ? "startSet" : "endSet", this.signal.time(this.cursor)));
      this.signal.draw();
    }

    neighbour(by) {
      const i = this.stretches.findIndex((one) => one.uid === this.selected);
      const next = i < 0 ? (by > 0 ? this.stretches[0] : this.stretches.at(-1)) : this.stretches[i + by];
      if (!next) return false;
      this.cursor = next.start;
      this.signal.reveal(next.start);
      this.choose(next.uid);
      this.context.status(t("stretchSaid", next.class, this.signal.time(next.start), this.signal.time(next.end)));
      return true;
    }

    key(event) {
      if (!this.signal.parts || event.ctrlKey || event.metaKey || event.altKey) return false;
      const inside = document.activeElement === this.signal.frame, step = Math.max(1, Math.round((this.signal.to - this.signal.from) / 200)) * (event.shiftKey ? 10 : 1);
      const works = {
        "+": () => this.signal.zoom(0.5), "=": () => this.signal.zoom(0.5), "-": () => this.signal.zoom(2), 0: () => this.fit(),
        "[": () => this.edge("start"), "]": () => this.edge("end"), s: () => this.put(stretchesOf.split(this.stretches, this.cursor)), m: () => this.put(stretchesOf.join(this.stretches, this.selected)),
        Delete: () => this.remove(), Backspace: () => this.remove(), b: () => this.tool("mark"), v: () => this.tool("select"),
        Enter: () => (this.proposals.length ? (this.accept(event.shiftKey), true) : false),
        Escape: () => { if (this.drag?.before) this.stretches = this.drag.before; [this.drag, this.begun] = [null, null]; this.choose(null); },
        ...(inside ? { ArrowLeft: () => this.moveCursor(-step), ArrowRight: () => this.moveCursor(step), Home: () => this.moveCursor(-Infinity), End: () => this.moveCursor(Infinity), Tab: () => this.neighbour(event.shiftKey ? -1 : 1), " ": () => { this.space = true; addEventListener("keyup", () => { this.space = false; }, { once: true }); } } : {}),
      };
      const work = works[event.key.length === 1 ? event.key.toLowerCase() : event.key];
      return work ? work() !== false : false;
    }

    remove() {
      if (this.chosen) this.put(this.stretches.filter((one) => one.uid !== this.selected), null);
      else this.reject(false);
    }

    // What the page asks for

    marks() { return { stretches: this.stretches.map(({ start, end, class: name }) => ({ start, end, class: name })) }; }

    state() { return this.stretches; }

    restore(state) { this.stretches = state; this.choose(this.selected); }

    setMarks(marks) { this.stretches = this.named(marks); this.choose(null); }

    setProposals(found) {
      const same = new Set(merged(this.stretches).map((one) => JSON.stringify(one)));
      this.proposals = (found?.marks?.stretches ?? []).filter(({ start, end, class: name }) => !same.has(JSON.stringify({ start, end, class: name }))).map((one) => ({ uid: uid(), ...one }));
      this.signal.draw();
      this.context.refresh();
    }

    setClass(name) {  // of the selected one; whether there is one
      const { chosen } = this;
      if (chosen) this.put(this.stretches.map((one) => (one.uid === this.selected ? { ...one, class: name } : one)));
      if (chosen) this.context.status(t("classOfThis", name));
      return Boolean(chosen);
    }

    tool(id) { this.current = id; this.context.refresh(); }

    show({ marks = this.visible.marks, proposals = this.visible.proposals, hidden = this.visible.hidden }) { this.visible = { marks, proposals, hidden }; this.signal.draw(); }

    accept(all) {
      const taken = all ? this.proposals : this.proposals.slice(0, 1);
      if (!taken.length) return;
      this.proposals = this.proposals.filter((one) => !taken.includes(one));
      this.put(taken.reduce((sum, one) => stretchesOf.paint(sum, one.start, one.end, one.class), this.stretches), null);
      this.signal.draw();
      this.context.refresh();
    }

    reject(all) {
      this.proposals = all ? [] : this.proposals.slice(1);
      this.signal.draw();
      this.context.refresh();
    }

    copyFrom(marks) { this.put(this.named({ stretches: marks.stretches.filter((one) => one.end <= this.signal.length) }), null); }

    fit() { this.signal.fit(); }

    busy() { return Boolean(this.drag); }

    close() { this.signal.close(); this.node.remove(); }

    summary() { return t("stretchCount", this.stretches.length); }

    list() {
      const row = (one, proposal) => ({ id: one.uid, class: one.class, text: this.signal.length ? `${this.signal.time(one.start)} – ${this.signal.time(one.end)}` : "", score: one.score, selected: one.uid === this.selected, proposal });
      return [...this.stretches.map((one) => row(one, false)), ...this.proposals.map((one) => row(one, true))];
    }

    select(id) {
      const one = [...this.stretches, ...this.proposals].find((each) => each.uid === id);
      if (!one) { this.choose(null); return; }
      this.cursor = one.start;
      this.signal.reveal(one.start);
      this.choose(id);
    }

    // Drawing

    draw(g) {
      const { signal } = this, bottom = signal.lane * signal.channels.length, shown = (one) => !this.visible.hidden.includes(one.class);
      const band = (one, top, high, { fill = 0.25, stroke = null, dash = [] } = {}) => {
        const x = signal.x(one.start), wide = Math.max(1, signal.x(one.end) - x);
        g.globalAlpha = fill;
        g.fillStyle = this.colourOf(one.class);
        g.fillRect(x, top, wide, high);
        g.globalAlpha = 1;
        g.setLineDash(dash);
        if (stroke) { g.strokeStyle = stroke; g.lineWidth = 2; g.strokeRect(x + 1, top + 1, Math.max(1, wide - 2), high - 2); }
        g.setLineDash([]);
        return [x, wide];
      };
      const name = (one, x, wide, y, more = "") => {
        const left = Math.max(x, signal.left), room = Math.min(x + wide, signal.left + signal.width) - left - 8;
        if (room < 18) return;
        g.font = `12px ${getComputedStyle(document.body).fontFamily}`;
        g.save();
        g.beginPath();
        g.rect(left, y - 14, room + 6, 20);
        g.clip();
        g.fillStyle = colour("ink");
        g.fillText(one.class + more, left + 5, y);
        g.restore();
      };
      if (this.visible.marks) {
        for (const one of this.stretches.filter(shown)) {
          const selected = one.uid === this.selected;
          band(one, 0, bottom, { fill: selected ? 0.32 : 0.2 });
          const [x, wide] = band(one, bottom + 2, signal.track - 4, { fill: 0.45, stroke: selected ? colour("pin") : null });
          name(one, x, wide, bottom + 19);
        }
      }
      if (this.visible.proposals) {
        for (const one of this.proposals.filter(shown)) {
          g.fillStyle = colour("card");
          g.fillRect(signal.x(one.start), 2, signal.x(one.end) - signal.x(one.start), 18);
          const [x, wide] = band(one, 2, 18, { fill: 0.12, stroke: this.colourOf(one.class), dash: [4, 3] });
          name(one, x, wide, 15, one.score === undefined ? "" : ` ${one.score.toFixed(2)}`);
        }
      }
      if (this.drag?.kind === "mark" && this.drag.moved) {
        const [start, end] = [Math.min(this.drag.row, this.drag.to), Math.max(this.drag.row, this.drag.to)];
        band({ start, end, class: this.context.className() }, 0, bottom + signal.track, { fill: 0.35, stroke: colour("ink") });
      }
      for (const row of [this.begun?.start, this.begun?.end]) if (row !== undefined) this.upright(g, row, "heat", bottom);
      this.upright(g, this.cursor, "pin", bottom);
    }

    upright(g, row, name, bottom) {
      g.fillStyle = colour(name);
      g.fillRect(this.signal.x(row) - 0.75, 0, 1.5, bottom + this.signal.track);
    }

    drawStrip(g, x, high) {
      if (!this.visible.marks) return;
      for (const one of this.stretches) {
        g.fillStyle = this.colourOf(one.class);
        g.fillRect(x(one.start), 5, Math.max(1, x(one.end) - x(one.start)), high - 10);
      }
    }
  }

  jumok.editors.stretches = (host, context) => new SeriesEditor(host, context);
})();
