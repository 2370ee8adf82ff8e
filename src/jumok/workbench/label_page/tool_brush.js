// Paints with a round brush: the class, or what erasing leaves, or what the model proposes.
"use strict";
(() => {
  const { snapBrush } = jumok.shapes;
  const MOST = 400;

  class BrushTool {
    cursor = "none"; keyHint = "drawBrushKeyHint";

    constructor(editor, { id, key, words, hint, value }) { Object.assign(this, { editor, id, key, words, hint, value }); }

    get size() { return this.editor.view.brush || 15; }

    place(p) { return p.keyboard && this.size % 2 ? snapBrush(p.x + 0.5, p.y + 0.5, this.size) : snapBrush(p.x, p.y, this.size); }

    down(p) {
      this.painting = this.editor.startPainting();
      if (!this.painting) return;
      this.last = this.place(p);
      this.cover(this.last);
    }

    move(p, all = []) {
      if (!this.painting) return;
      for (const one of all.length ? all : [p]) this.cover(this.place(one));
    }

    cover(to) {
      const { editor, last, size } = this;
      editor.paintShape((width, height, span) => jumok.shapes.brushStroke(last, to, size, width, height, span), this.value());
      this.last = to;
    }

    up() {
      if (!this.painting) return;
      this.painting = false;
      this.editor.finishPainting();
    }

    activate(p) {  // one dab
      this.down(p);
      this.up();
    }

    cancel() {
      if (!this.painting) return false;
      this.painting = false;
      this.editor.undoPainting();
      return true;
    }

    busy() { return this.painting; }

    keydown(event) {
      const step = { "[": -1, "]": 1 }[event.key];
      if (!step) return false;
      const size = this.size, by = Math.max(1, Math.round(size / 6)) * step;
      this.editor.view.brush = jumok.objects.clamp(size + by, 1, MOST);
      this.editor.say("drawBrushSize", this.editor.view.brush);
      this.editor.refresh();
      return true;
    }

    paint(g) {  // the rim of the brush
      const { stage, pointer } = this.editor, at = stage.cursor ? stage.cursorPoint() : pointer;
      if (!at || (at.touch && !this.painting)) return;
      const place = this.place(at), [x, y] = stage.toDevice(place.x, place.y), radius = Math.max(1.5, (this.size / 2) * stage.scale * stage.ratio);
      jumok.marks.strokeWithHalo(g, stage, this.id === "erase" ? "#ffffff" : this.editor.colour, false, () => { g.beginPath(); g.arc(x, y, radius, 0, 2 * Math.PI); g.stroke(); });
    }
  }
  BrushTool.MOST = MOST;

  jumok.BrushTool = BrushTool;
})();
