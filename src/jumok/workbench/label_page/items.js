// The items: their states and classes, which of them are shown, and in which order.
"use strict";
(() => {
  const { ask } = jumok;
  const AGAIN = 1500;  // milliseconds until an order that is not ready is asked again

  class Items {
    constructor(session, heard) {
      Object.assign(this, { session, heard, keys: [], names: [], states: [], classes: [], changed: 0, scores: new Map(), remarks: new Map() });
      this.filter = { text: "", show: "all", class: "", least: 0, order: "file" };
      this.unsaved = () => new Set();  // keys that are not written
    }

    async load() {
      const found = await ask("items");
      const same = found.keys.length === this.keys.length && found.keys.every((key, i) => key === this.keys[i]);
      Object.assign(this, { keys: found.keys, names: found.names, states: [...found.states], classes: found.classes });
      this.changed = found.changed;
      if (same && this.shown) { this.heard(); return; }
      this.index = new Map(this.keys.map((key, i) => [key, i]));
      this.ranks = this.keys.map((_, i) => i);
      this.choose();
    }

    get count() { return this.keys.length; }

    get labelled() { return this.states.reduce((sum, letter) => sum + (letter !== "U"), 0); }

    classNames(i) { return this.classes[i].map((c) => this.session.classes[c]?.name).filter(Boolean); }

    counts() {  // items by class
      const found = new Array(this.session.classes.length).fill(0);
      for (const all of this.classes) for (const c of all) found[c] += 1;
      return found;
    }

    set(key, letter, names) {
      const i = this.index.get(key);
      if (i === undefined) return;
      this.states[i] = letter;
      if (names) this.classes[i] = [...new Set(names.map((name) => this.session.classes.findIndex((one) => one.name === name)).filter((c) => c >= 0))].sort((a, b) => a - b);
      this.heard();
    }

    choose(filter = {}) {  // what is shown, as indexes; it stays while items change
      Object.assign(this.filter, filter);
      const { text, show, class: name, least } = this.filter, asked = text.trim().toLowerCase();
      const c = this.session.classes.findIndex((one) => one.name === name), unsaved = this.unsaved();
      this.shown = this.ranks.filter((i) => {
        if (asked && !this.names[i].toLowerCase().includes(asked)) return false;
        if (name && !this.classes[i].includes(c)) return false;
        if (show === "unsaved") return unsaved.has(this.keys[i]);
        if (show === "scored") return (this.scores.get(this.keys[i]) ?? -1) >= least;
        return show === "all" || this.states[i] === show;
      });
      this.places = new Map(this.shown.map((i, place) => [i, place]));
      this.heard();
    }

    async sort(by) {  // by what the model thinks; answered at once with what is ready
      const turn = this.turn = (this.turn ?? 0) + 1;
      this.filter.order = by;
      for (;;) {
        const found = by === "file" ? { keys: [], scores: [], ready: 1, remarks: {} } : await ask("order", { by });
        if (turn !== this.turn) return;
        this.take(found);
        this.ready = found.ready;
        this.choose();
        if (!(found.ready < 1)) return;
        await new Promise((done) => setTimeout(done, AGAIN));
        if (turn !== this.turn) return;
      }
    }

    take({ keys, scores, remarks }) {
      const first = keys.map((key) => this.index.get(key)).filter((i) => i !== undefined), known = new Set(first);
      this.ranks = [...first, ...this.keys.keys().filter((i) => !known.has(i))];
      this.scores = new Map(keys.map((key, n) => [key, scores[n]]).filter(([, score]) => score !== null && score !== undefined));
      this.remarks = new Map(Object.entries(remarks ?? {}));
    }

    beside(key, by) {  // the next or previous one that is shown
      const place = this.places.get(this.index.get(key));
      if (place === undefined) return this.keys[this.shown[by > 0 ? 0 : this.shown.length - 1]];
      return this.keys[this.shown[place + by]];
    }

    nextUnlabelled(key) {
      const place = this.places.get(this.index.get(key)) ?? -1, n = this.shown.length;
      for (let step = 1; step <= n; step++) {
        const i = this.shown[(place + step) % n];
        if (this.states[i] === "U" && this.keys[i] !== key) return this.keys[i];
      }
      return undefined;
    }
  }

  Object.assign(jumok, { Items });
})();
