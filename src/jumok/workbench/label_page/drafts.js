// What is not written yet, kept in this browser until the server says that it is: in localStorage at once, which a
// reload keeps, and in IndexedDB on the disk, which a killed browser keeps, too.
"use strict";
(() => {
  const { uid } = jumok;
  const STORE = "drafts";
  const RELOADED = 1500;  // milliseconds

  function ownTab() {  // a name that a reload keeps
    try {
      const kept = sessionStorage.getItem("jumok.label.tab") || uid();
      sessionStorage.setItem("jumok.label.tab", kept);
      return kept;
    } catch { return uid(); }
  }

  const answered = (request) => new Promise((done, fail) => {
    request.onsuccess = () => done(request.result);
    request.onerror = () => fail(request.error);
  });

  class Drafts {
    constructor(place) {
      this.prefix = `jumok.label|${place}|`;
      this.tab = ownTab();
    }

    lockName(tab) { return `jumok.label.tab.${tab}`; }

    async begin() {  // others see by the lock that this tab lives; a copy of a tab takes a name of its own
      try {
        const opening = indexedDB.open("jumok.label", 1);
        opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
        this.disk = await answered(opening);
      } catch { this.disk = null; }  // a private window may have none
      if (!navigator.locks || (await this.hold())) return;
      this.tab = uid();
      await this.hold();
    }

    hold() {  // a page that is loaded anew waits until its former self is gone
      return new Promise((done) => {
        navigator.locks.request(this.lockName(this.tab), { signal: AbortSignal.timeout(RELOADED) }, () => {
          done(true);
          return new Promise(() => {});
        }).catch(() => done(false));
      });
    }

    onDisk(mode, work) {  // undefined where there is no such store, or the browser has closed it
      try { return work(this.disk.transaction(STORE, mode, { durability: "strict" }).objectStore(STORE)); } catch { this.disk = null; }
      return undefined;
    }

    put(key, draft) {  // whether the browser keeps it
      const name = `${this.prefix}${this.tab}|${key}`, text = JSON.stringify({ ...draft, at: Date.now() });
      this.onDisk("readwrite", (store) => store.put(text, name));
      try { localStorage.setItem(name, text); } catch { return Boolean(this.disk); }
      return true;
    }

    drop(key, tab = this.tab) {
      const name = `${this.prefix}${tab}|${key}`;
      this.onDisk("readwrite", (store) => store.delete(name));
      try { localStorage.removeItem(name); } catch { /* nothing is kept there, then */ }
    }

    async kept() {  // [[name, text]] of both places
      const both = await this.onDisk("readonly", (store) => Promise.all([answered(store.getAllKeys()), answered(store.getAll())]));
      const [names, texts] = both ?? [[], []], found = names.map((name, i) => [name, texts[i]]);
      try { for (const name of Object.keys(localStorage)) found.push([name, localStorage.getItem(name)]); } catch { /* nothing is kept there */ }
      return found.filter(([name]) => name.startsWith(this.prefix));
    }

    async left() {  // drafts of tabs that live no longer, the newest of each item
      const living = new Set(navigator.locks ? (await navigator.locks.query()).held.map((lock) => lock.name) : []);
      const found = new Map();
      for (const [name, text] of await this.kept()) {
        const [tab, ...rest] = name.slice(this.prefix.length).split("|"), key = rest.join("|");
        if (tab !== this.tab && living.has(this.lockName(tab))) continue;
        const draft = { ...JSON.parse(text), key, tab }, known = found.get(key);
        if (!known) found.set(key, { ...draft, older: [] });
        else if (known.at < draft.at) found.set(key, { ...draft, older: [known, ...known.older] });
        else known.older.push(draft);
      }
      return [...found.values()];
    }
  }

  Object.assign(jumok, { Drafts });
})();
