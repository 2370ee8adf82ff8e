// Keys, wherever they are pressed, and the help that lists them.
"use strict";
(() => {
  const { el, t } = jumok;

  const typing = (target) => target.closest?.('input:not([type="checkbox"], [type="radio"], [type="range"]), textarea, select, [contenteditable]');
  const pressing = (target) => target.closest?.("button, a, summary, [role=radio], input");

  function normalize(event) {  // with a Korean keyboard, the letter that stands on the key
    if (/^Key[A-Z]$/.test(event.code) && !/^[a-z]$/i.test(event.key)) Object.defineProperty(event, "key", { value: event.shiftKey ? event.code.at(-1) : event.code.at(-1).toLowerCase() });
  }

  class Keys {
    constructor(page) {
      this.page = page;
      document.addEventListener("keydown", (event) => this.press(event));
    }

    press(event) {
      const { desk } = this.page, { target } = event;
      if (event.defaultPrevented || document.querySelector("dialog[open]") || !desk) return;
      if (event.key === "s" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); desk.finish(); this.page.saver.again(); return; }
      if (typing(target)) {
        if (event.key === "Escape" && !event.isComposing) target.blur();
        return;
      }
      normalize(event);
      if ((event.key === "Enter" || event.key === " ") && pressing(target)) return;
      if (event.key.startsWith("Arrow") && target.closest?.('input[type="range"], [role=radio]')) return;
      const work = desk.host.inert ? this.work(event) : desk.editor?.key(event) || this.work(event);
      if (!work) return;
      event.preventDefault();
      if (typeof work === "function") work();
    }

    work(event) {
      const { page } = this, { desk } = page, letter = event.key.length === 1 ? event.key.toLowerCase() : event.key;
      if (event.altKey) return null;
      if (event.ctrlKey || event.metaKey) return { z: () => desk.step(event.shiftKey ? 1 : -1), y: () => desk.step(1) }[letter];
      if (/^[1-9]$/.test(letter)) return () => page.classNumber(Number(letter));
      const tool = desk.editor?.tools.find((one) => one.key.toLowerCase() === letter);
      if (tool && !desk.host.inert) return () => { desk.editor.tool(tool.id); page.refresh(); };
      return {
        n: () => page.go(1), ArrowRight: () => page.go(1), PageDown: () => page.go(1), p: () => page.go(-1), ArrowLeft: () => page.go(-1), PageUp: () => page.go(-1),
        u: () => page.goUnlabelled(), x: () => page.clear(), h: () => page.hide(), c: () => desk.copyPrevious(),
        Enter: () => desk.editor?.accept(event.shiftKey), Delete: () => desk.editor?.reject(event.shiftKey), Backspace: () => desk.editor?.reject(event.shiftKey),
        0: () => desk.editor?.fit(), "?": () => page.help(), "/": () => page.searchField.focus(), j: () => page.jumpField.select(),
      }[letter];
    }
  }

  function helpDialog(session) {
    const rows = (list) => el("dl", { class: "keys" }, list.flatMap(([keys, what]) => [el("dt", {}, keys.split(" ").map((key) => el("kbd", { text: key }))), el("dd", { text: what })]));
    const dialog = el("dialog", { "aria-label": t("helpName"), class: "card" },
      el("header", {}, el("h2", { text: t("helpName") }), el("button", { type: "button", class: "close", text: "×", "aria-label": t("close"), onclick: () => dialog.close() })),
      el("h3", { text: t("keysItems") }), rows(t("keysOfItems")), el("h3", { text: t("keysMarks") }), rows(t("keysOf")[session.kind]), el("h3", { text: t("savingTitle") }), t("savingHelp").map((text) => el("p", { text })));
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  }

  Object.assign(jumok, { Keys, helpDialog });
})();
