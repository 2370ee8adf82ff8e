// What is not written yet, kept in this browser until the server says that it is.
"use strict";
(() => {
  const { uid } = jumok;

  function ownTab() {  // a name that a reload keeps
    try {
      const kept = sessionStorage.getItem("jumok.label.tab") || uid();
      sessionStorage.setItem("jumok.label.tab", kept);
      return kept;
    } catch { return uid(); }
  }

  class Drafts {
    constructor(place) {
      this.prefix = `jumok.label|${place}|`;
      this.tab = ownTab();
    }

    lockName(tab) { return `jumok.label.tab.${tab}`; }

    async begin() {  // others see by the lock that this tab lives; a copy of a tab takes a name of its own
      if (!navigator.locks) return;
      const taken = await this.hold();
      if (taken) return;
      this.tab = uid();
      await this.hold();
    }

    hold() {
      return new Promise((done) => {
        navigator.locks.request(this.lockName(this.tab), { ifAvailable: true }, (lock) => {
          done(Boolean(lock));
          return lock ? new Promise(() => {}) : undefined;
        });
      });
    }

    put(key, draft) {  // whether the browser keeps it
      try {
        localStorage.setItem(`${this.prefix}${this.tab}|${key}`, JSON.stringify({ ...draft, at: Date.now() }));
        return true;
      } catch { return false; }
    }

    drop(key, tab = this.tab) {
      try { localStorage.removeItem(`${this.prefix}${tab}|${key}`); } catch { /* nothing is kept, then */ }
    }

    async left() {  // drafts of tabs that live no longer, the newest of each item
      const living = new Set(navigator.locks ? (await navigator.locks.query()).held.map((lock) => lock.name) : []);
      const found = new Map();
      for (const name of this.names()) {
        const [tab, ...rest] = name.slice(this.prefix.length).split("|"), key = rest.join("|");
        if (tab !== this.tab && living.has(this.lockName(tab))) continue;
        const draft = JSON.parse(localStorage.getItem(name));
        const known = found.get(key);
        if (!known || known.at < draft.at) found.set(key, { ...draft, key, tab, older: known ? [known, ...known.older] : [] });
        else known.older.push({ ...draft, key, tab });
      }
      return [...found.values()];
    }

    names() {
      try { return Object.keys(localStorage).filter((name) => name.startsWith(this.prefix)); } catch { return []; }
    }
  }

  Object.assign(jumok, { Drafts });
})();
