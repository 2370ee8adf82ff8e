// Boxes and outlines on an image, and what a model proposes there.
"use strict";
(() => {
  const { t, arrowOf, typedLetter, DrawingEditor } = jumok;
  const O = jumok.objects;
  const SMALLEST = 2;  // pixels; a smaller box was not meant
  const DRAWN_OVER = 0.5;  // IoU with a proposal of its class from which on what is drawn takes its place
  const BESIDE = 10;  // so far from its original a copy is put
  const FLAGS_OF = { coco: ["crowd"], voc: ["difficult", "truncated", "occluded"], yolo: [] };
  let clipboard = [];  // from image to image

  class BoxesEditor extends DrawingEditor {
    constructor(host, context) {
      super(host, context, t("drawBoxesOf", context.item?.name || ""));
      Object.assign(this, { objects: [], given: [], settled: [], proposals: [], selected: null, draft: null, corner: null });
      this.marksLayer = this.stage.layer((g) => jumok.marks.paintObjects(g, this.stage, this.classes, this.visible().filter((one) => one.uid !== this.selected)));
      const select = new jumok.SelectTool(this);
      this.box = new jumok.BoxTool(this, select);
      this.polygon = context.session.outlines ? new jumok.PolygonTool(this, (points) => this.addOutline(points)) : null;
      this.addTools([select, this.box, ...(this.polygon ? [this.polygon] : [])], "box");
      this.setMarks(context.marks);
      this.setProposals(context.proposals);
      this.ready = this.stage.ready;
    }

    // What there is: lists of frozen objects, never changed in place.

    state() { return Object.freeze({ objects: this.objects, settled: this.settled }); }
    restore(state) {
      if (!state) return;
      this.now.cancel();
      this.corner = null;
      this.setObjects(state.objects, state.settled);
    }

    setObjects(objects, settled) {  // with the keys of the proposals that were accepted or rejected
      Object.assign(this, { objects: Object.freeze(objects), settled: Object.freeze(settled), draft: null });
      const gone = new Set(settled);
      this.proposals = this.given.filter((one) => !gone.has(O.proposalKey(one)) && O.isNew(one, objects));
      if (!this.selectedObject) [this.selected, this.corner] = [null, null];
      this.refreshAll();
    }

    marks() { return { objects: this.objects.map((one) => ({ ...one })) }; }
    setMarks(marks) {
      this.now.cancel();
      this.selected = null;
      this.setObjects((marks?.objects || []).map(O.toObject), this.settled);
    }

    setProposals(given) {
      const found = (given?.marks ?? given)?.objects || [];
      this.given = found.map((one) => O.toObject({ score: 1, ...one }));
      this.setObjects(this.objects, this.settled);
    }

    commit(objects, settled = []) {  // a change, with the proposals that it settles
      this.setObjects(objects, [...this.settled, ...settled.map(O.proposalKey)]);
      this.context.changed();
    }

    refreshAll() { this.marksLayer.later(); this.refresh(); }
    shown() { this.marksLayer.later(); this.activeLayer.later(); }

    get lowest() { return Math.floor(100 * (this.context.session.model?.threshold ?? 0)) / 100; }  // nothing below it is proposed
    get least() { return Math.max(this.view.least ?? this.lowest, this.lowest); }
    visibleProposals() { return this.seen.proposals ? this.proposals.filter((one) => one.score >= this.least && !this.hiddenClasses.has(one.class)) : []; }
    visible() {
      const own = this.seen.marks ? this.objects.filter((one) => !this.hiddenClasses.has(one.class)) : [];
      return [...own, ...this.visibleProposals()];
    }
    objectsAt(p) { return O.objectsAt(this.visible(), p, Math.min(p.slack, 4 / this.stage.scale)); }
    find(uid) { return this.objects.find((one) => one.uid === uid) || this.proposals.find((one) => one.uid === uid) || null; }
    get selectedObject() { return this.selected === null ? null : this.find(this.selected); }
    get visibleSelection() {
      const one = this.selectedObject;
      return one && (one.score === undefined ? this.seen.marks : this.seen.proposals) ? one : null;
    }
    inOrder() { return O.inReadingOrder(this.visible(), this.stage.size[1]); }

    // Selecting.

    select(uid, quietly = false) {
      uid = uid === undefined ? null : uid;
      if (uid === this.selected) return;
      [this.selected, this.corner] = [uid, null];
      const one = this.selectedObject;
      if (one && !quietly) {
        this.stage.reveal(one.box);
        const order = this.inOrder();
        this.say(one.score === undefined ? "drawSelected" : "drawProposed", one.class, Math.round(O.width(one)), Math.round(O.height(one)), Math.round(one.box[0]), Math.round(one.box[1]), order.indexOf(one) + 1, order.length, one.score);
      }
      this.refreshAll();
    }

    unselect() {
      if (this.selected === null) return false;
      if (this.corner) this.corner = null; else this.select(null);
      this.activeLayer.later();
      return true;
    }

    click(p) {  // the smallest under the pointer; clicked again, what lies below
      const hits = this.objectsAt(p), at = hits.findIndex((one) => one.uid === this.selected), last = this.lastClick;
      const again = last && at >= 0 && !jumok.isFarFrom(last, p);
      this.lastClick = p;
      this.select(hits.length ? hits[again ? (at + 1) % hits.length : 0].uid : null);
    }

    chooseCorner(corner) {
      this.corner = corner;
      this.refresh();
    }

    selectByTab(back) {  // to the next object; past the last one, the browser goes on to what follows
      const order = this.inOrder(), at = order.findIndex((one) => one.uid === this.selected);
      const next = at < 0 ? (back ? order.length - 1 : 0) : at + (back ? -1 : 1);
      if (!order[next]) return false;
      this.select(order[next].uid);
      return true;
    }

    // Changing.

    setDraft(draft) { this.draft = draft; this.activeLayer.later(); }

    addBox(box) {
      if (box[2] - box[0] < SMALLEST || box[3] - box[1] < SMALLEST) { this.say("drawTiny", SMALLEST); return; }
      this.add(O.createObject(this.context.className(), box));
    }

    addOutline(points) {
      const flat = points.flatMap(({ x, y }) => [x, y]), [x1, y1, x2, y2] = O.bounds([flat]), one = this.selectedObject;
      if (x2 - x1 < SMALLEST || y2 - y1 < SMALLEST) { this.say("drawTiny", SMALLEST); return; }
      if (this.adding && one?.polygons && !one.fixed) this.replace(one, O.addPolygon(one, flat));
      else this.add(O.createObject(this.context.className(), O.bounds([flat]), [flat]));
    }

    add(one) {
      if (!one.class) { this.say("drawNoClass"); return; }
      this.showMarks();
      [this.selected, this.corner] = [one.uid, null];
      this.commit([...this.objects, one], this.replacedBy(one));
      this.say("drawDrawn", one.class, O.width(one), O.height(one));
    }

    replacedBy(one) {  // the proposal that something was drawn over
      const fits = (proposal) => (proposal.class === one.class ? O.iou(proposal, one) : 0);
      const [best] = this.visibleProposals().sort((a, b) => fits(b) - fits(a));
      return best && fits(best) >= DRAWN_OVER ? [best] : [];
    }

    replace(one, changed) {  // an object by a changed one; a changed proposal is a mark
      if (!changed || (O.isSameObject(one, changed) && one.polygons === changed.polygons)) { this.setDraft(null); return; }
      if (O.width(changed) < 1 || O.height(changed) < 1) { this.setDraft(null); this.say("drawTiny", 1); return; }
      if (one.score !== undefined) this.acceptProposals([one], () => changed);
      else this.commit(this.objects.map((other) => (other.uid === one.uid ? changed : other)));
    }

    acceptProposals(proposals, change = (one) => one) {
      this.commit([...this.objects, ...proposals.map((one) => O.acceptedObject(change(one)))], proposals);
    }

    setClass(name) {  // of the selected one; whether there is one
      const one = this.selectedObject;
      if (one && one.class !== name) this.replace(one, O.withChanges(one, { class: name }));
      if (one) this.say("drawClass", name);
      this.refresh();
      return Boolean(one);
    }

    toggleFlag(flag) {
      const one = this.selectedObject, next = O.withChanges(one, { [flag]: !one[flag] });
      this.commit(this.objects.map((other) => (other.uid === one.uid ? next : other)));
    }

    removeCorner(corner) {
      const one = this.selectedObject, next = O.deleteCorner(one, corner.part, corner.n);
      this.corner = null;
      if (next) this.replace(one, next); else this.remove(one);
    }

    remove(one) {
      if (one.score === undefined) {
        this.commit(this.objects.filter((other) => other.uid !== one.uid));
        this.say("drawDeleted", one.class);
      } else this.rejectProposals([one]);
    }

    rejectProposals(proposals) {
      const gone = new Set(proposals.map((one) => one.uid)), next = this.selected === null ? null : this.nextProposal(proposals[0]);
      this.selected = next && !gone.has(next.uid) ? next.uid : null;
      this.commit(this.objects, proposals);
      this.say("drawRejected", proposals.length, this.visibleProposals().length);
    }

    // Proposals: the selected one, else the most certain under the pointer.

    nextProposal(one) {
      const order = O.inReadingOrder(this.visibleProposals(), this.stage.size[1]), at = order.findIndex((other) => other.uid === one.uid);
      return order[at + 1] || order[at - 1] || null;
    }

    targetProposal() {
      const one = this.visibleSelection;
      if (one) return one.score === undefined ? null : one;
      if (!this.pointer) return null;
      return this.objectsAt(this.pointer).filter((other) => other.score !== undefined).sort((a, b) => b.score - a.score)[0] || null;
    }

    accept(all = false) {
      const some = all ? this.visibleProposals() : [this.targetProposal()].filter(Boolean), wasSelected = this.selected !== null;
      if (!some.length) return all ? false : this.selectMostCertain();
      const next = all || !wasSelected ? null : this.nextProposal(some[0]);
      this.selected = next?.uid ?? null;
      this.acceptProposals(some);
      this.say("drawAccepted", some.length, this.visibleProposals().length);
      return true;
    }

    selectMostCertain() {
      const [best] = [...this.visibleProposals()].sort((a, b) => b.score - a.score);
      if (!best || this.selected !== null) return false;
      this.select(best.uid);
      return true;
    }

    reject(all = false) {
      const some = all ? this.visibleProposals() : [this.targetProposal()].filter(Boolean);
      if (some.length) this.rejectProposals(some);
      return some.length > 0;
    }

    clear() {
      this.selected = null;
      this.commit([], this.proposals);
    }

    // Copies.

    copyFrom(marks) {
      const fitting = (marks?.objects || []).map((one) => O.clipTo(O.copyOf(one), this.stage.size));
      const added = fitting.filter((one) => one && !this.objects.some((other) => O.isSameObject(other, one))).map(O.toObject);
      if (added.length) this.commit([...this.objects, ...added]);
      this.say("drawCopiedHere", added.length, fitting.filter((one) => !one).length);
    }

    commandKey(letter) {
      if (letter === "C") {
        clipboard = this.selectedObject ? [this.selectedObject] : [...this.objects];
        if (clipboard.length) this.say("drawCopied", clipboard.length);
        return clipboard.length > 0;
      }
      if (letter !== "V" || !clipboard.length) return false;
      const [w, h] = this.stage.size;
      const free = (one) => (this.objects.some((other) => O.isSameObject(other, one)) ? free(O.translate(one, one.box[2] + BESIDE > w ? -BESIDE : BESIDE, one.box[3] + BESIDE > h ? -BESIDE : BESIDE, [w, h])) : one);
      const fitting = clipboard.map((one) => O.clipTo(O.copyOf(one), [w, h])).filter(Boolean);
      const added = fitting.map((one) => O.toObject(one)).map((one) => (O.width(one) + BESIDE < w || O.height(one) + BESIDE < h ? free(one) : one));
      if (added.length) {
        this.selected = added[0].uid;
        this.commit([...this.objects, ...added]);
      }
      this.say("drawPasted", added.length, clipboard.length - added.length);
      return true;
    }

    ownKey(event) {
      const one = this.visibleSelection;
      if (event.key === "Tab") return !this.left && this.selectByTab(event.shiftKey);
      if (event.key === "Enter") return this.accept(event.shiftKey);
      if (event.key === "Delete" || event.key === "Backspace") {
        if (one && this.corner) this.removeCorner(this.corner);
        else if (one) this.remove(one);
        else return this.reject();
        return true;
      }
      return one && !one.fixed ? this.shapeKey(event, one) : false;
    }

    shapeKey(event, one) {  // of what is selected, moved by the keyboard
      const step = arrowOf(event), { size } = this.stage;
      if (step && this.corner) {
        const { part, n } = this.corner, [x, y] = one.polygons[part].slice(2 * n, 2 * n + 2);
        this.replace(one, O.moveCorner(one, part, n, { x: O.clamp(x + step[0], 0, size[0]), y: O.clamp(y + step[1], 0, size[1]) }));
      } else if (step && event.altKey && !one.polygons) {
        const [, , x2, y2] = one.box;
        this.replace(one, O.resizeBox(one, 4, { x: O.clamp(x2 + step[0], one.box[0] + 1, size[0]), y: O.clamp(y2 + step[1], one.box[1] + 1, size[1]) }));
      } else if (step) this.replace(one, O.translate(one, ...step, size));
      else return one.polygons ? this.cornerKey(event, one) : false;
      const now = this.selectedObject;
      if (now) this.say("drawPlace", ...now.box.map(Math.round));
      return true;
    }

    cornerKey(event, one) {  // the next and the previous corner, and a new one
      const step = { ".": 1, ",": -1 }[event.key], all = one.polygons.flatMap((points, part) => Array.from({ length: points.length / 2 }, (_, n) => ({ part, n })));
      const at = all.findIndex(({ part, n }) => part === this.corner?.part && n === this.corner?.n);
      if (step) this.chooseCorner(all[at < 0 ? 0 : (at + step + all.length) % all.length]);
      else if (typedLetter(event) === "I" && this.corner) {
        const { part, n } = this.corner, points = one.polygons[part], next = (n + 1) % (points.length / 2);
        this.replace(one, O.insertCorner(one, part, n + 1, { x: (points[2 * n] + points[2 * next]) / 2, y: (points[2 * n + 1] + points[2 * next + 1]) / 2 }));
        this.chooseCorner({ part, n: n + 1 });
      } else return false;
      const { part, n } = this.corner, points = this.selectedObject.polygons[part];
      this.say("drawCorner", n + 1, points.length / 2, points[2 * n], points[2 * n + 1]);
      return true;
    }

    // What is drawn and said.

    paintActive(g) {
      const one = this.draft || this.visibleSelection;
      if (one) jumok.marks.paintSelected(g, this.stage, this.classes, one, this.corner);
      if (this.draft) jumok.marks.paintNote(g, this.stage, `${Math.round(O.width(one))} × ${Math.round(O.height(one))}`, { x: one.box[2], y: one.box[3] });
      this.now.paint?.(g);
    }

    flags() {
      const { fields = [], format } = this.context.session;
      const named = O.FLAGS.filter((flag) => fields.includes(flag));
      return named.length ? named : FLAGS_OF[format] || [];
    }

    options() {
      const one = this.selectedObject, proposed = this.visibleProposals().length, parts = [];
      if (this.current === "polygon" && this.polygon.points.length) {
        parts.push(this.button(t("drawClose"), () => this.polygon.finish({})), this.button(t("drawLastCorner"), () => this.polygon.undoCorner()));
      } else if (one && one.score !== undefined) {
        parts.push(this.button(t("drawAccept"), () => this.accept()), this.button(t("drawReject"), () => this.reject()));
      } else if (one) {
        parts.push(...O.FLAGS.filter((flag) => one[flag] || this.flags().includes(flag)).map((flag) => this.toggle(t("drawFlags")[flag], one[flag], () => this.toggleFlag(flag), t("drawFlagTitles")[flag])));
        if (this.polygon && one.polygons && !one.fixed) parts.push(this.toggle(t("drawAddPart"), this.adding, () => { this.adding = !this.adding; this.refresh(); }, t("drawAddPartTitle")));
        parts.push(this.button(t("drawDelete"), () => this.remove(this.selectedObject)));
      }
      if (this.proposals.length && !(one && one.score === undefined)) {
        parts.push(this.slider(t("drawLeast"), this.least, [this.lowest, 1, 0.01], (value) => value.toFixed(2), (value) => { this.view.least = value; this.shown(); this.context.refresh?.(); }));
        parts.push(this.button(t("drawAcceptAll", proposed), () => this.accept(true)));
      }
      return parts.length ? parts : [this.quiet(t(this.now.hint))];
    }

    list() {
      return O.inReadingOrder([...this.objects, ...this.proposals.filter((one) => one.score >= this.least)], this.stage.size[1]).map((one) => ({
        id: one.uid, text: `${one.class} ${Math.round(O.width(one))} × ${Math.round(O.height(one))}`, class: one.class, score: one.score, selected: one.uid === this.selected, proposal: one.score !== undefined,
      }));
    }

    summary() {
      const counts = new Map();
      for (const one of this.objects) counts.set(one.class, (counts.get(one.class) || 0) + 1);
      return t("drawSummary", this.objects.length, [...counts], this.visibleProposals().length);
    }
  }

  jumok.editors = jumok.editors || {};
  jumok.editors.objects = (host, context) => new BoxesEditor(host, context);
})();
