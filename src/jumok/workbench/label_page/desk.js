// The item that is open: its editor, its history, its proposals, and what is fetched ahead.
"use strict";
(() => {
  const { el, t, ask, address, Refused, recordOf, letterOf, named, emptied, classesIn, sameMarks, difference } = jumok;
  const RECORDS = 60, IMAGES = 6, PROPOSALS = 200;  // that are kept
  const STEPS = { mask: 40 }, MOST_STEPS = 200;  // of a history

  function keepNewest(map, most, drop = () => {}) {
    for (const key of map.keys()) {
      if (map.size <= most) return;
      drop(map.get(key));
      map.delete(key);
    }
  }

  class Desk {
    // hooks: shown(), changed(), refresh(), hint(text), fail(error), notice(text)
    constructor({ session, items, saver, hooks }) {
      Object.assign(this, { session, items, saver, hooks, view: {}, turn: 0, encoding: 0, proposing: true, marksShown: true, hidden: new Set() });
      [this.records, this.histories, this.proposals, this.images, this.coming] = [new Map(), new Map(), new Map(), new Map(), new Map()];
      this.className = session.classes[0]?.name ?? null;
      this.host = el("div", { class: "host" });
      this.record = this.editor = null;
    }

    get key() { return this.record?.key ?? null; }

    get history() { return this.histories.get(this.key); }

    async fetch(key) {  // what is known of an item, from the server if need be
      const known = this.saver.get(key) ?? this.records.get(key);
      if (known && !known.stale) return known;
      if (!this.coming.has(key)) this.coming.set(key, this.fetchNew(key, known).finally(() => this.coming.delete(key)));
      return this.coming.get(key);
    }

    async fetchNew(key, known) {
      const { seq, turn } = known ?? {};
      let answer;
      try { answer = await ask("item", { key }); } catch (error) {
        if (known && !(error instanceof Refused)) return known;  // an old version is refused when it is saved
        throw error;
      }
      const record = this.saver.get(key) ?? known ?? recordOf(key, answer);
      if (record === known && known.seq === seq && known.turn === turn && known.state === "clean" && answer.version !== known.version) this.take(known, answer, null);
      record.stale = false;
      this.records.delete(key);
      this.records.set(key, record);
      keepNewest(this.records, RECORDS);
      return record;
    }

    async open(key) {
      const turn = ++this.turn;
      this.finish();
      let record;
      try { record = await this.fetch(key); } catch (error) {
        if (turn === this.turn) this.hooks.fail(key, error);
        return false;
      }
      if (turn !== this.turn) return false;
      this.mount(record);
      this.suggest();
      this.prefetch();
      return true;
    }

    finish() { this.editor?.finish?.(); }  // what is being typed is a change

    mount(record) {
      this.finish();
      this.editor?.close();
      this.record = record;
      this.host.replaceChildren();
      this.host.inert = false;
      const { key, size, text } = record;
      const context = {
        session: this.session, item: { key, name: this.items.names[this.items.index.get(key)], size, text: text ?? null },
        image: this.images.get(key) ?? address("image", { key }), marks: record.marks, proposals: null, view: this.view,
        className: () => this.className, chooseClass: (name) => this.chooseClass(name), next: () => this.hooks.next(),
        changed: () => this.changed(record, editor), refresh: () => { if (this.record === record) this.hooks.refresh(); }, showMarks: () => this.showMarks(true), status: (said) => { if (this.record === record) this.hooks.hint(said); },
      };
      const editor = this.editor = jumok.editors[this.session.kind](this.host, context);
      this.show();
      this.begin(record, editor);
      this.hooks.shown();
      if (record.state === "conflict") this.showSide("theirs");
    }

    async begin(record, editor) {  // its history
      if (this.histories.get(record.key)?.record === record) return;
      const history = { record, states: [], at: -1 };
      this.histories.delete(record.key);
      this.histories.set(record.key, history);
      keepNewest(this.histories, 20);
      await editor.ready;
      if (this.editor === editor && history.at < 0) Object.assign(history, { states: [editor.state()], at: 0 });
      this.hooks.refresh();
    }

    changed(record, editor, step = true) {
      const history = this.histories.get(record.key);
      if (step && history) {
        history.states.length = history.at + 1;
        history.states.push(editor.state());
        if (history.states.length > (STEPS[this.session.kind] ?? MOST_STEPS)) history.states.shift();
        history.at = history.states.length - 1;
      }
      const turn = record.turn = (record.turn ?? 0) + 1, marks = editor.marks();
      if (typeof marks?.then !== "function") { this.commit(record, editor, marks); return; }
      this.encoding += 1;
      this.hooks.changed();
      marks.then((found) => { if (turn === record.turn) this.commit(record, editor, found); }).finally(() => {
        this.encoding -= 1;
        this.hooks.changed();
      });
    }

    commit(record, editor, marks) {
      const untouched = record.state !== "refused" && record.state !== "conflict" && JSON.stringify(marks) === JSON.stringify(record.marks);
      if (!untouched) {
        record.marks = marks;
        this.records.set(record.key, record);
        this.saver.change(record);
        const names = classesIn(marks) ?? (this.editor === editor ? editor.list().filter((row) => !row.proposal).map((row) => row.class) : undefined);
        this.items.set(record.key, this.items.states[this.items.index.get(record.key)], names);
      }
      this.hooks.changed();
    }

    step(by) {  // undo and redo
      const { history, editor, record } = this;
      if (!history || editor.busy?.() || this.host.inert) return;
      this.finish();
      if (!history.states[history.at + by]) return;
      history.at += by;
      editor.restore(history.states[history.at]);
      this.changed(record, editor, false);
    }

    chooseClass(name) {
      this.className = name;
      this.hooks.refresh();
    }

    setClass(name) {  // of what is selected and of what comes next; whether something is selected
      this.className = name;
      const selected = this.editor?.setClass(name);
      this.hooks.refresh();
      return selected;
    }

    show() { this.editor?.show({ marks: this.marksShown, proposals: this.marksShown && this.proposing, hidden: [...this.hidden] }); }

    showMarks(shown) {
      this.marksShown = shown;
      this.show();
      this.hooks.refresh();
    }

    clear() {  // nothing is on it
      const { editor, record } = this;
      if (!editor || this.host.inert) return;
      const { turn } = record, bare = record.letter === "U" && record.marks.objects?.length === 0;
      if (editor.clear) editor.clear();
      else editor.setMarks(emptied(record.marks));
      if (record.turn === turn) this.changed(record, editor);
      if (bare && record.state === "clean") this.saver.change(record);
    }

    // What others have changed

    take(record, answer, notice) {  // what stands in the file now
      const { marks, ids } = named(answer.marks);
      Object.assign(record, { version: answer.version, marks, ids, letter: letterOf(answer.state), problems: answer.problems ?? record.problems, theirs: null, error: null });
      this.histories.delete(record.key);
      this.items.set(record.key, record.letter, classesIn(marks));
      if (this.record !== record) return;
      this.host.inert = false;
      this.editor.setMarks(marks);
      this.begin(record, this.editor);
      this.showProposals();
      if (notice) this.hooks.notice(notice);
      this.hooks.shown();
    }

    async heardOf(keys) {  // changed on the server: by us, by another tab, or by another program
      for (const key of keys) {
        const known = this.records.get(key);
        if (known && key !== this.key) known.stale = true;
      }
      const { record, editor } = this;
      if (!record || !keys.includes(record.key) || record.state !== "clean" || this.encoding || editor.busy?.() || editor.typing?.()) return;
      const { seq, turn } = record, untouched = () => record.seq === seq && record.turn === turn && record.state === "clean";
      const answer = await ask("item", { key: record.key });
      if (this.record !== record || !untouched() || answer.version === record.version) return;
      const same = await sameMarks(record.marks, answer.marks);
      if (!untouched() || editor.busy?.() || editor.typing?.()) return;
      this.take(record, answer, same ? null : t("reloaded"));
    }

    showSide(side) {  // of a conflict
      const { record, editor } = this;
      this.host.inert = true;
      this.side = side;
      const theirs = named(record.theirs.marks).marks;
      editor.setMarks(side === "mine" ? record.marks : theirs);
      const [mine] = side === "difference" && theirs.objects ? difference(record.marks.objects, theirs.objects) : [null];
      editor.setProposals(mine && { marks: { objects: mine.map((one) => ({ ...one, score: 1 })) }, unsure: 0, disagreement: null });
      this.hooks.shown();
    }

    decide(mine) {
      const { record } = this;
      this.host.inert = false;
      if (mine) {
        this.editor.setMarks(record.marks);
        this.saver.keepMine(record);
      } else {
        this.saver.forget(record);
        this.take(record, record.theirs, null);
      }
      this.showProposals();
      this.hooks.shown();
    }

    // What the model proposes

    async suggest() {
      if (!this.session.model) return;
      const keys = [this.key, ...this.ahead(3)].filter((key) => !this.proposals.has(key));
      this.showProposals();
      if (!keys.length) return;
      try {
        const found = await ask("proposals", {}, { method: "POST", body: { keys }, patience: 120_000 });  // the first ones wait for the model
        for (const [key, one] of Object.entries(found.proposals)) this.proposals.set(key, one);
        keepNewest(this.proposals, PROPOSALS);
      } catch (error) {
        if (error instanceof Refused) this.hooks.notice(error.message);
        return;
      }
      if (keys.includes(this.key)) this.showProposals();
    }

    showProposals() {
      const { record, editor } = this, found = record && this.proposals.get(record.key);
      if (!editor || record.state === "conflict") return;
      editor.setProposals(found && this.proposing ? this.fresh(found, record.marks) : null);
      if (this.hinted !== record.key && editor.visibleProposals?.().length) {  // once for each item
        this.hinted = record.key;
        this.hooks.hint(t("proposedHint"));
      }
      this.hooks.refresh();
    }

    fresh(found, marks) {  // without those that are marked already
      if (!found.marks?.objects || !marks.objects) return found;
      const known = jumok.idsOf({ objects: found.marks.objects.map((one, n) => ({ ...one, uid: n })) }, { objects: marks.objects.map((one) => ({ ...one, id: one.class })) });
      const objects = found.marks.objects.filter((one, n) => known.get(n) !== one.class);
      return { ...found, marks: { ...found.marks, objects } };
    }

    forgetProposals() {
      this.proposals.clear();
      this.suggest();
    }

    ahead(n) {
      const found = [];
      for (let key = this.items.beside(this.key, 1); key && found.length < n; key = this.items.beside(key, 1)) found.push(key);
      return found;
    }

    async prefetch() {
      for (const key of this.ahead(2)) {
        this.fetch(key).then((record) => {
          if (!record.size || this.images.has(key)) return;
          fetch(address("image", { key })).then((response) => (response.ok ? response.blob() : null)).then((blob) => {
            if (!blob) return;
            this.images.set(key, URL.createObjectURL(blob));
            keepNewest(this.images, IMAGES, (url) => { if (url !== this.images.get(this.key)) setTimeout(() => URL.revokeObjectURL(url), 5000); });
          }).catch(() => {});
        }, () => {});
      }
    }

    async copyPrevious() {
      const key = this.items.beside(this.key, -1), { editor } = this;
      if (!key || this.host.inert) { this.hooks.notice(t("noPrevious")); return; }
      const record = await this.fetch(key);
      if (this.editor === editor) editor.copyFrom(record.marks);
    }
  }

  Object.assign(jumok, { Desk });
})();
