// Fills the region of one class that is pointed at.
"use strict";
(() => {
  class FillTool {
    id = "fill"; key = "F"; words = "drawFill"; hint = "drawFillHint"; keyHint = "drawFillKeyHint"; cursor = "cell";

    constructor(editor) { this.editor = editor; }

    down(p) { this.start = p; }

    move() {}

    up(p) {
      const { start } = this;
      this.start = null;
      if (start) this.activate(p);
    }

    activate(p) {
      const { editor } = this, [width, height] = editor.stage.size, x = Math.floor(p.x), y = Math.floor(p.y);
      if (x < 0 || y < 0 || x >= width || y >= height) { editor.say("drawOutside"); return; }
      if (editor.startPainting()) editor.fill(x, y);
    }

    cancel() {
      const was = Boolean(this.start);
      this.start = null;
      return was;
    }

    paint(g) {
      const { stage, pointer } = this.editor;
      if (pointer && !stage.cursor && !pointer.touch) jumok.marks.paintNote(g, stage, this.editor.nameAt(pointer), pointer);
    }
  }

  jumok.FillTool = FillTool;
})();
