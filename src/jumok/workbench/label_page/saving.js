// Saving: each change is sent at once, one request an item; what fails is kept and sent again.
"use strict";
(() => {
  const { put, Refused, outgoing, named, idsOf, sameMarks } = jumok;
  const FLYING = 4;  // items that are sent at once
  const FIRST = 400, LONGEST = 10_000;  // milliseconds until it is tried again

  const LETTERS = { labelled: "L", empty: "E", unlabelled: "U" };
  const letterOf = (state) => LETTERS[state] ?? state;

  // What the page knows of an item. state: clean, saving, failed (tried again), refused (not tried again), conflict.
  function recordOf(key, answer) {
    const { marks, ids } = named(answer.marks);
    return { key, version: answer.version, marks, ids, letter: letterOf(answer.state), problems: answer.problems ?? [], size: answer.size, text: answer.text, seq: 0, state: "clean", doubts: [], tries: 0 };
  }

  class Saver {
    constructor(place, drafts, heard) {
      Object.assign(this, { place, drafts, heard, flying: 0 });
      this.own = new Set();  // keys that were written since somebody asked what has changed
      this.open = new Map();  // records that are not written yet, by key
    }

    get(key) { return this.open.get(key); }

    change(record) {  // its marks are new
      record.seq += 1;
      this.open.set(record.key, record);
      if (record.state === "clean" || record.state === "refused") record.state = "saving";
      this.keep(record);
      this.heard(record);
      this.send(record);
    }

    keep(record) {
      const written = (marks) => outgoing(marks, record.ids);
      const doubts = [...record.doubts, ...(record.sending ? [record.sending.marks] : [])].map(written);
      record.kept = this.drafts.put(record.key, { version: record.version, marks: written(record.marks), doubts });
    }

    resume(record, draft) {  // a draft of an earlier visit
      const { marks, ids } = named(draft.marks);
      Object.assign(record, { version: draft.version, marks, ids, doubts: [draft.marks, ...(draft.doubts ?? [])].map((one) => named(one).marks) });
      this.change(record);
      for (const one of [draft, ...(draft.older ?? [])]) if (one.tab !== this.drafts.tab) this.drafts.drop(one.key, one.tab);
    }

    async send(record) {
      if (record.sending || record.state === "conflict" || !this.open.has(record.key)) return;
      if (this.flying >= FLYING) { record.queued = true; return; }
      clearTimeout(record.timer);
      const sent = record.sending = { seq: record.seq, marks: record.marks };
      record.queued = false;
      if (record.state === "refused") record.state = "saving";
      this.flying += 1;
      let reply, error = null;
      try { reply = await put("item", { key: record.key, place: this.place }, { version: record.version, marks: outgoing(sent.marks, record.ids) }); } catch (thrown) { error = thrown; }
      this.flying -= 1;
      if (error) await this.failed(record, sent, error);
      else this.written(record, sent.marks, reply, sent.seq);
      this.heard(record);
      for (const other of this.open.values()) if (other.queued) this.send(other);
    }

    written(record, marks, reply, seq) {  // `marks` stand in the file now
      this.own.add(record.key);
      record.ids = idsOf(marks, reply.marks, record.ids);
      Object.assign(record, { version: reply.version, letter: letterOf(reply.state), doubts: [], tries: 0, error: null, sending: null });
      if (record.seq === seq) {
        record.state = "clean";
        this.open.delete(record.key);
        this.drafts.drop(record.key);
      } else {
        record.state = "saving";
        this.keep(record);
        this.send(record);
      }
    }

    async failed(record, sent, error) {
      const status = error instanceof Refused ? error.status : 0;
      if (status === 409) { await this.settle(record, sent, error.body.current); return; }
      if (status === 0 || status >= 500 && status !== 507) record.doubts.push(sent.marks);  // it may have arrived
      record.sending = null;
      record.error = status ? error.sentence : null;
      const again = status === 0 || status >= 500 || status === 423 || status === 429;
      record.state = again ? "failed" : "refused";
      this.keep(record);
      if (again) this.later(record);
      else if (record.seq !== sent.seq) this.send(record);
    }

    later(record) {
      record.tries += 1;
      record.wait = Math.min(LONGEST, FIRST * 2 ** (record.tries - 1));
      clearTimeout(record.timer);
      record.timer = setTimeout(() => this.send(record), record.wait);
    }

    again() {  // the server is there, or somebody asks for it
      for (const record of this.open.values()) if (record.state !== "conflict") this.send(record);
    }

    async settle(record, sent, current) {  // the file has another version: perhaps it is what this page wrote
      for (const marks of [sent.marks, ...record.doubts]) {
        if (!(await sameMarks(marks, current.marks, record.doubts.length > 0).catch(() => false))) continue;  // a mask that cannot be decoded is another one
        this.written(record, marks, current, marks === sent.marks ? sent.seq : -1);
        return;
      }
      Object.assign(record, { sending: null, state: "conflict", theirs: current });
      this.keep(record);
    }

    keepMine(record) {
      record.ids = idsOf(record.marks, record.theirs.marks, record.ids);
      Object.assign(record, { version: record.theirs.version, theirs: null, state: "saving", doubts: [] });
      this.change(record);
    }

    forget(record) {  // theirs stays
      this.open.delete(record.key);
      clearTimeout(record.timer);
      record.state = "clean";
      this.drafts.drop(record.key);
      this.heard(record);
    }

    summary() {
      const by = (...states) => [...this.open.values()].filter((record) => states.includes(record.state));
      return { saving: by("saving"), failed: by("failed", "refused"), conflicts: by("conflict"), lost: [...this.open.values()].filter((record) => record.kept === false) };
    }
  }

  Object.assign(jumok, { Saver, recordOf, letterOf });
})();
