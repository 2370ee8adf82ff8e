// Draws boxes: by dragging, or by the keyboard from corner to corner. A click selects.
"use strict";
(() => {
  const { grabAt, farApart, snappedPoint } = jumok;
  const { cornersOf } = jumok.objects;
  const PULLS = { edges: false, inside: false };

  class BoxTool {
    id = "box"; key = "B"; words = "drawBox"; hint = "drawBoxHint"; keyHint = "drawBoxKeyHint"; cursor = "crosshair";

    constructor(editor, select) { Object.assign(this, { editor, selectTool: select }); }

    down(p) {
      this.pulling = this.selectTool.grabs(p, PULLS);
      if (this.pulling) this.selectTool.down(p, PULLS);
      else this.start = { p, from: snappedPoint(p, this.editor.stage.size) };
    }

    move(p) {
      if (this.pulling) { this.selectTool.move(p); return; }
      if (!this.start || (!this.drawing && !farApart(p, this.start.p))) return;
      this.drawing = true;
      this.at = snappedPoint(p, this.editor.stage.size);
      this.editor.activeLayer.later();
    }

    up(p) {
      const { start, drawing, pulling } = this;
      if (pulling) { this.pulling = false; this.selectTool.up(p); return; }
      this.cancel();
      if (drawing) this.editor.addBox(cornersOf(start.from, snappedPoint(p, this.editor.stage.size)));
      else if (start) this.editor.click(p);
    }

    cancel() {
      const was = this.drawing || this.corner;
      const pulled = this.pulling && this.selectTool.cancel();
      Object.assign(this, { start: null, drawing: false, pulling: false, corner: null, at: null });
      this.editor.activeLayer?.later();
      return Boolean(was || pulled);
    }

    busy() { return this.start || this.pulling || this.corner; }

    press(p) {  // the first corner, then the second
      if (!this.corner) {
        this.corner = { x: p.x, y: p.y };
        this.editor.say("drawFirstCorner", p.x, p.y);
        return;
      }
      const box = cornersOf(this.corner, p);
      this.cancel();
      this.editor.addBox(box);
    }

    hover(p) {
      const { editor } = this, selected = editor.selectedSeen;
      const grab = p && !p.keyboard && selected && grabAt(selected, p, PULLS);
      editor.stage.node.style.cursor = grab ? grab.cursor : "crosshair";
      this.near = grab;
    }

    paint(g) {
      const { stage, colour, pointer } = this.editor;
      if (this.drawing) jumok.marks.paintDrawn(g, stage, cornersOf(this.start.from, this.at), colour);
      else if (this.corner) jumok.marks.paintDrawn(g, stage, cornersOf(this.corner, stage.cursor || this.corner), colour);
      else if (pointer && !pointer.touch && !this.near && !stage.cursor && !this.pulling) jumok.marks.guides(g, stage, pointer);
    }
  }

  jumok.BoxTool = BoxTool;
})();
