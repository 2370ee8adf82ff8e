// Draws boxes: by dragging, or by the keyboard from corner to corner. A click selects.
"use strict";
(() => {
  const { dragTargetAt, isFarFrom, snapToPixel } = jumok;
  const { boxBetween } = jumok.objects;
  const DRAG_OPTIONS = { edges: false, inside: false };

  class BoxTool {
    id = "box"; key = "B"; words = "drawBox"; hint = "drawBoxHint"; keyHint = "drawBoxKeyHint"; cursor = "crosshair";

    constructor(editor, select) { Object.assign(this, { editor, selectTool: select }); }

    down(p) {
      this.dragging = this.selectTool.canDrag(p, DRAG_OPTIONS);
      if (this.dragging) this.selectTool.down(p, DRAG_OPTIONS);
      else this.start = { p, from: snapToPixel(p, this.editor.stage.size) };
    }

    move(p) {
      if (this.dragging) { this.selectTool.move(p); return; }
      if (!this.start || (!this.drawing && !isFarFrom(p, this.start.p))) return;
      if (!this.drawing) this.editor.select(null);  // what is chosen now is for the new box
      this.drawing = true;
      this.at = snapToPixel(p, this.editor.stage.size);
      this.editor.activeLayer.later();
    }

    up(p) {
      const { start, drawing, dragging } = this;
      if (dragging) { this.dragging = false; this.selectTool.up(p); return; }
      this.cancel();
      if (drawing) this.editor.addBox(boxBetween(start.from, snapToPixel(p, this.editor.stage.size)));
      else if (start) this.editor.click(p);
    }

    cancel() {
      const was = this.drawing || this.corner;
      const pulled = this.dragging && this.selectTool.cancel();
      Object.assign(this, { start: null, drawing: false, dragging: false, corner: null, at: null });
      this.editor.activeLayer?.later();
      return Boolean(was || pulled);
    }

    busy() { return this.start || this.dragging || this.corner; }

    activate(p) {  // the first corner, then the second
      if (!this.corner) {
        this.editor.select(null);
        this.corner = { x: p.x, y: p.y };
        this.editor.say("drawFirstCorner", p.x, p.y);
        return;
      }
      const box = boxBetween(this.corner, p);
      this.cancel();
      this.editor.addBox(box);
    }

    hover(p) {
      const { editor } = this, selected = editor.visibleSelection;
      const grab = p && !p.keyboard && selected && dragTargetAt(selected, p, DRAG_OPTIONS);
      editor.stage.node.style.cursor = grab ? grab.cursor : "crosshair";
      this.near = grab;
    }

    paint(g) {
      const { stage, colour, pointer } = this.editor;
      if (this.drawing) jumok.marks.paintDrawn(g, stage, boxBetween(this.start.from, this.at), colour);
      else if (this.corner) jumok.marks.paintDrawn(g, stage, boxBetween(this.corner, stage.cursor || this.corner), colour);
      else if (pointer && !pointer.touch && !this.near && !stage.cursor && !this.dragging) jumok.marks.paintCrosshair(g, stage, pointer);
    }
  }

  jumok.BoxTool = BoxTool;
})();
