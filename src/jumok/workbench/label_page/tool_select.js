// Selects objects; moves them, pulls at their handles, and bends outlines at corners and edges.
"use strict";
(() => {
  const { cornerAt, edgeAt, handlesOf, contains, resizeBox, translate, moveCorner, insertCorner, clamp, width, height, CURSORS } = jumok.objects;
  const STILL = 3;  // screen pixels: less is a click

  const far = (a, b) => Math.hypot(a.px - b.px, a.py - b.py) > STILL;

  function snapToPixel(p, [w, h]) { return { x: clamp(Math.round(p.x), 0, w), y: clamp(Math.round(p.y), 0, h) }; }

  function handleAt(one, p) {
    const inside = p.x > one.box[0] && p.x < one.box[2] && p.y > one.box[1] && p.y < one.box[3];
    if (inside && Math.min(width(one), height(one)) < 3 * p.slack) return null;  // a small box is moved from within, resized from without
    let best = null, least = p.slack * 1.2;
    handlesOf(one).forEach(({ x, y }, n) => {
      const off = Math.max(Math.abs(x - p.x), Math.abs(y - p.y));
      if (off < least) [best, least] = [n, off];
    });
    return best;
  }

  function dragTargetAt(one, p, { edges, inside }) {  // what a pull at a point would do with an object
    if (one.polygons && !one.fixed) {
      const corner = cornerAt(one, p, p.slack);
      if (corner) return { kind: "corner", ...corner, cursor: "pointer" };
      const edge = edges && edgeAt(one, p, p.slack * 0.7);
      if (edge) return { kind: "edge", ...edge, cursor: "copy" };
    } else if (!one.fixed) {
      const handle = handleAt(one, p);
      if (handle !== null) return { kind: "handle", handle, cursor: `${CURSORS[handle]}-resize` };
    }
    return inside && contains(one, p, p.slack / 2) ? { kind: "move", cursor: "move" } : null;
  }

  function applyDrag(one, grab, from, to, size) {
    const place = snapToPixel(to, size);
    if (grab.kind === "handle") return resizeBox(one, grab.handle, place);
    if (grab.kind === "corner") return moveCorner(one, grab.part, grab.n, place);
    if (grab.kind === "edge") return insertCorner(one, grab.part, grab.n, place);
    return translate(one, Math.round(to.x - from.x), Math.round(to.y - from.y), size);
  }

  class SelectTool {
    id = "select"; key = "V"; words = "drawSelect"; hint = "drawSelectHint"; cursor = "default";

    constructor(editor) { this.editor = editor; }

    down(p, options = { edges: true, inside: true }) {
      const { editor } = this, selected = editor.visibleSelection;
      const grab = selected && dragTargetAt(selected, p, options);
      const one = grab ? selected : editor.objectsAt(p)[0];
      this.start = { p, one, grab: grab || (one && { kind: "move" }) };
    }

    canDrag(p, options) { return Boolean(this.editor.visibleSelection && dragTargetAt(this.editor.visibleSelection, p, options)); }

    move(p) {
      const { editor, start } = this;
      if (!start?.one) return;
      if (!this.dragging && !far(p, start.p)) return;
      if (start.one.fixed) { editor.select(start.one.uid); editor.say("drawFixed"); this.start = null; return; }
      if (!this.dragging) editor.select(start.one.uid, true);
      this.dragging = true;
      editor.setDraft(applyDrag(start.one, start.grab, start.p, p, editor.stage.size));
    }

    up(p) {
      const { editor, dragging, start } = this, { draft } = editor;
      this.cancel();
      if (dragging) {
        editor.replace(start.one, draft);
        if (start.grab.kind === "corner" || start.grab.kind === "edge") editor.chooseCorner(start.grab);
      } else if (start?.grab?.kind === "corner" && p.alt) editor.removeCorner(start.grab);
      else if (start?.grab?.kind === "corner") editor.chooseCorner(start.grab);
      else if (start) editor.click(p);
    }

    cancel() {
      const was = this.dragging;
      this.start = null;
      this.dragging = false;
      if (was) this.editor.setDraft(null);
      return Boolean(was);
    }

    busy() { return this.start; }

    hover(p) {
      const { editor } = this;
      const grab = p && editor.visibleSelection && dragTargetAt(editor.visibleSelection, p, { edges: true, inside: true });
      editor.stage.node.style.cursor = grab ? grab.cursor : p && editor.objectsAt(p).length ? "pointer" : "default";
    }
  }

  Object.assign(jumok, { SelectTool, dragTargetAt, isFarFrom: far, snapToPixel });
})();
