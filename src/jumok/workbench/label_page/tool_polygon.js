// Draws an outline corner by corner; Enter, or a click on the first corner, closes it.
"use strict";
(() => {
  const { snapToPixel } = jumok;
  const LEAST = 3;

  class PolygonTool {
    id = "polygon"; key = "G"; words = "drawPolygon"; hint = "drawPolygonHint"; keyHint = "drawPolygonKeyHint"; cursor = "crosshair";

    constructor(editor, closed) { Object.assign(this, { editor, closed, points: [], next: null }); }

    down(p) {
      const { points } = this, place = snapToPixel(p, this.editor.stage.size);
      const near = (point) => point && Math.hypot(point.x - p.x, point.y - p.y) <= Math.max(p.slack, 1);
      if (points.length >= LEAST && (near(points[0]) || near(points.at(-1)))) { this.finish(p); return; }
      if (points.length && near(points.at(-1)) && points.at(-1).x === place.x && points.at(-1).y === place.y) return;
      this.add(place);
      this.held = true;
    }

    add(place) {
      if (!this.points.length && !this.editor.adding) this.editor.select(null);  // what is chosen now is for the new one
      this.points = [...this.points, place];
      this.next = null;
      this.editor.refresh();
      this.editor.say("drawCorners", this.points.length);
    }

    undoCorner() {  // the last corner
      if (!this.points.length) return false;
      this.points = this.points.slice(0, -1);
      this.editor.refresh();
      this.editor.say("drawCorners", this.points.length);
      return true;
    }

    move(p) {  // the corner just set can be dragged
      if (!this.held) return;
      this.points = [...this.points.slice(0, -1), snapToPixel(p, this.editor.stage.size)];
      this.editor.activeLayer.later();
    }

    up() { this.held = false; }

    hover(p) { this.next = p && this.points.length ? snapToPixel(p, this.editor.stage.size) : null; }

    activate(p) { this.add({ x: p.x, y: p.y }); }

    keydown(event) {
      if (!this.points.length) return false;
      if (event.key === "Enter") this.finish({ shift: event.shiftKey });
      else if (event.key === "Backspace" || event.key === "Delete") this.undoCorner();
      else return false;
      return true;
    }

    finish({ shift }) {
      const { points } = this;
      if (points.length < LEAST) { this.editor.say("drawFewCorners"); return; }
      this.cancel();
      this.closed(points, shift);
    }

    cancel() {
      const was = this.points.length > 0;
      Object.assign(this, { points: [], next: null, held: false });
      if (was) this.editor.refresh();
      return was;
    }

    busy() { return this.points.length > 0; }

    paint(g) {
      const { stage, colour, pointer } = this.editor;
      if (this.points.length) jumok.marks.paintPath(g, stage, this.points, colour, this.next);
      else if (pointer && !pointer.touch && !stage.cursor) jumok.marks.paintCrosshair(g, stage, pointer);
    }
  }

  jumok.PolygonTool = PolygonTool;
})();
