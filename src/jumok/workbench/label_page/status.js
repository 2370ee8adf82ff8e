// Whether all is saved, always visible; changes of an earlier visit; and an item that was changed elsewhere.
"use strict";
(() => {
  const { el, t, said, announce, ask, sameMarks, Away } = jumok;

  class SaveStatus {
    constructor({ saver, desk, open }) {
      Object.assign(this, { saver, desk, open });
      this.text = el("span", { class: "save-text" });
      this.again = el("button", { type: "button", class: "link", text: t("saveNow"), onclick: () => saver.again(), hidden: true });
      this.conflicts = el("button", { type: "button", class: "link", onclick: () => open(saver.summary().conflicts[0].key), hidden: true });
      this.told = el("p");
      this.more = el("div", { class: "save-more", hidden: true }, this.told, this.again, this.conflicts);  // over the page, so that nothing jumps while somebody draws
      this.node = el("div", { class: "save", role: "group", "aria-label": t("saving") }, el("i", { class: "sign-save", "aria-hidden": "true" }), this.text, this.more);
      this.update();
    }

    get unsaved() { return this.saver.open.size > 0 || this.desk.encoding > 0; }

    state() {
      const { saving, failed, conflicts } = this.saver.summary();
      if (failed.length) return "failed";
      if (conflicts.length) return "conflict";
      return saving.length || this.desk.encoding ? "saving" : "saved";
    }

    why(failed) {
      const record = failed.find((one) => one.error) ?? failed[0], reason = (record.error ? said(record.error) : t("away")).replace(/[.\s]+$/, "");
      const then = record.state === "failed" ? t("retrying") : t("notRetried");
      return `${failed.length === 1 ? record.key : t("itemCount", failed.length)}: ${reason}${reason.endsWith("?") ? "" : "."} ${then}`;
    }

    update() {
      const state = this.state(), { failed, conflicts, lost, saving } = this.saver.summary();
      const short = { saved: () => t("saved"), saving: () => (saving.length > 1 ? t("savingMany", saving.length) : t("savingNow")), failed: () => t("notSaved"), conflict: () => t("toDecide") }[state]();
      const more = [failed.length ? this.why(failed) : "", failed.length && !lost.length ? t("keptHere") : "", lost.length ? t("notKept") : "", conflicts.length ? t("changedElsewhere", conflicts.length) : ""].filter(Boolean).join(" ");
      const whole = [short, more].filter(Boolean).join(" ");
      this.again.hidden = state !== "failed";
      this.conflicts.hidden = !conflicts.length || conflicts.some((record) => record.key === this.desk.key);
      this.conflicts.textContent = conflicts.length ? t("lookAt", conflicts[0].key) : "";
      this.more.hidden = !more || (state === "conflict" && this.conflicts.hidden && !lost.length);
      if (this.node.dataset.save === state && this.node.title === whole) return;
      if (this.node.dataset.save !== state && (state === "failed" || state === "conflict" || this.node.dataset.save === "failed")) announce(whole, 0);
      this.node.dataset.save = state;
      this.node.title = whole;
      this.text.textContent = short;
      this.told.textContent = more;
    }
  }

  class EarlierChanges {  // drafts of tabs that are gone
    constructor({ drafts, saver, desk, items }) {
      Object.assign(this, { drafts, saver, desk, items, found: [] });
      this.node = el("div", { class: "banner", role: "region", "aria-label": t("earlier"), hidden: true });
    }

    async look() {
      const found = [];
      for (const draft of await this.drafts.left()) {
        if (this.saver.get(draft.key) && draft.tab === this.drafts.tab) continue;
        try {
          const now = await ask("item", { key: draft.key });
          if (await sameMarks(draft.marks, now.marks, true)) this.drop(draft);
          else found.push(draft);
        } catch (error) { if (error instanceof Away) found.push(draft); else found.push({ ...draft, gone: true }); }
      }
      this.found = found;
      this.show();
    }

    drop(draft) {  // but not what was marked on this page since: it has the same name
      for (const one of [draft, ...draft.older]) if (one.tab !== this.drafts.tab || !this.saver.get(one.key)) this.drafts.drop(one.key, one.tab);
    }

    show() {
      const { found } = this;
      this.node.hidden = !found.length;
      if (!found.length) return;
      const names = found.slice(0, 3).map((draft) => draft.key).join(", ") + (found.length > 3 ? " …" : "");
      const discard = el("button", { type: "button", text: t("discard"), onclick: () => {
        if (!discard.dataset.sure) { discard.dataset.sure = "1"; discard.textContent = t("reallyDiscard", found.length); return; }
        for (const draft of found) this.drop(draft);
        this.found = [];
        this.show();
      } });
      this.node.replaceChildren(el("p", { text: t("earlierChanges", found.length, names) }), el("button", { type: "button", class: "look", text: t("saveEarlier"), onclick: () => this.save() }), discard);
      announce(t("earlierChanges", found.length, names), 0);
    }

    async save() {
      const rest = [];
      for (const draft of this.found) {
        try {
          const record = await this.desk.fetch(draft.key);
          if (record.state !== "clean") { rest.push(draft); continue; }
          this.saver.resume(record, draft);
          if (this.desk.key === draft.key) this.desk.mount(record);
        } catch { rest.push(draft); }
      }
      this.found = rest;
      this.show();
      if (rest.length) announce(t("earlierChanges", rest.length, rest[0].key), 0);
    }
  }

  class ConflictBar {  // theirs is on the page, mine is kept, until somebody decides
    constructor(desk) {
      this.desk = desk;
      this.node = el("div", { class: "banner conflict", role: "region", "aria-label": t("conflict"), hidden: true });
    }

    count(marks) {
      if (marks.values) return Object.entries(marks.values).map(([name, value]) => `${name}: ${value ?? t("empty")}`).join(" · ");
      if (marks.objects) return t("objectCount", marks.objects.length);
      if (marks.stretches) return t("stretchCount", marks.stretches.length);
      return marks.mask ? t("aMask") : t("empty");
    }

    update() {
      const { record, side } = this.desk, open = record?.state === "conflict" && record.theirs;
      this.node.hidden = !open;
      if (!open) return;
      const look = (name, word) => el("button", { type: "button", text: t(word), "aria-pressed": String(side === name), onclick: () => this.desk.showSide(name) });
      const take = (mine, word, title) => el("button", { type: "button", class: "look", text: t(word), title: t(title), onclick: () => this.desk.decide(mine) });
      this.node.replaceChildren(
        el("p", {}, el("b", { text: t("conflict") }), " ", t("conflictHelp", this.count(record.theirs.marks), this.count(record.marks))),
        el("div", { class: "bar" }, el("span", { class: "quiet", text: t("onThePage") }), look("theirs", "theirs"), look("mine", "mine"), record.marks.objects ? look("difference", "difference") : null),
        el("div", { class: "bar" }, take(true, "keepMine", "keepMineTitle"), take(false, "takeTheirs", "takeTheirsTitle")));
    }
  }

  Object.assign(jumok, { SaveStatus, EarlierChanges, ConflictBar });
})();
