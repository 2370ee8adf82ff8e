// The list of items: only rows that are seen exist, and only their thumbnails are asked for.
"use strict";
(() => {
  const { el, t, said, once, address } = jumok;
  const ROW = 58, MORE = 4;  // pixels; rows beyond what is seen
  const STILL = 70;  // milliseconds without scrolling before thumbnails are asked for

  class ItemList {
    constructor({ items, session, open }) {
      Object.assign(this, { items, session, open, rows: new Map() });
      this.space = el("div", { class: "space", role: "presentation" });
      this.node = el("div", { class: "items", role: "listbox", tabindex: 0, "aria-label": t("items"), onscroll: () => { this.draw(); }, onkeydown: (event) => this.key(event) }, this.space);
      this.none = el("p", { class: "quiet none", text: t("noItems"), hidden: true });
      this.draw = once(() => this.paint());
      new ResizeObserver(() => this.draw()).observe(this.node);
    }

    key(event) {
      const page = Math.max(1, Math.floor(this.node.clientHeight / ROW) - 1), n = this.items.shown.length;
      const by = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -n, End: n }[event.key];
      if (by === undefined || !n || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      event.stopPropagation();
      const place = this.items.places.get(this.items.index.get(this.current)) ?? -1;
      this.open(this.items.keys[this.items.shown[Math.max(0, Math.min(n - 1, place + by))]]);
    }

    choose(key) {  // the item that is open
      this.current = key;
      const place = this.items.places.get(this.items.index.get(key));
      if (place !== undefined) {
        this.stretch();  // or a new list could not scroll there yet
        const top = place * ROW, { scrollTop, clientHeight } = this.node;
        if (top < scrollTop) this.node.scrollTop = top;
        else if (top + ROW > scrollTop + clientHeight) this.node.scrollTop = top + ROW - clientHeight;
      }
      this.update();
    }

    withImages(images) {  // whether items have thumbnails
      if (this.images === images) return;
      this.images = images;
      for (const node of this.rows.values()) node.remove();
      this.rows.clear();
      this.draw();
    }

    update() {  // all rows anew
      this.stale = true;
      this.draw();
    }

    stretch() { this.space.style.height = `${this.items.shown.length * ROW}px`; }

    paint() {
      const { shown } = this.items, { scrollTop, clientHeight } = this.node;
      if (this.stale) for (const node of this.rows.values()) node.stale = true;
      this.stale = false;
      this.stretch();
      this.none.hidden = shown.length > 0;
      const first = Math.max(0, Math.floor(scrollTop / ROW) - MORE), last = Math.min(shown.length, Math.ceil((scrollTop + clientHeight) / ROW) + MORE);
      const wanted = new Map();
      for (let place = first; place < last; place++) wanted.set(shown[place], place);
      for (const [i, node] of this.rows) if (!wanted.has(i)) { node.remove(); this.rows.delete(i); }
      for (const [i, place] of wanted) this.row(i, place);
      const active = this.rows.get(this.items.index?.get(this.current));
      if (active) this.node.setAttribute("aria-activedescendant", active.id);
      else this.node.removeAttribute("aria-activedescendant");
      clearTimeout(this.settling);
      this.settling = setTimeout(() => this.showThumbs(), STILL);
    }

    row(i, place) {
      let node = this.rows.get(i);
      if (!node) {
        const key = this.items.keys[i];
        node = el("div", { class: "item", id: `item-${i}`, role: "option", onclick: () => this.open(key) },
          this.images ? el("span", { class: "thumb", "aria-hidden": "true" }) : null,
          el("span", { class: "dot", "aria-hidden": "true" }), el("span", { class: "name" }), el("span", { class: "more" }));
        node.stale = true;
        this.rows.set(i, node);
        this.space.append(node);
      }
      node.style.transform = `translateY(${place * ROW}px)`;
      if (!node.stale) return;
      node.stale = false;
      this.fill(node, i, place);
    }

    fill(node, i, place) {
      const { items } = this, key = items.keys[i], names = items.classNames(i), score = items.scores.get(key), remark = said(items.remarks.get(key));
      const unsaved = items.unsaved().has(key), state = t("states")[items.states[i]];
      node.setAttribute("aria-selected", key === this.current);
      node.setAttribute("aria-posinset", place + 1);
      node.setAttribute("aria-setsize", items.shown.length);
      node.setAttribute("aria-label", [items.names[i], unsaved ? t("notSavedShort") : state, names.join(", "), score === undefined ? "" : t("scoreOf", score.toFixed(2)), remark].filter(Boolean).join(", "));
      node.title = [items.names[i], remark].filter(Boolean).join("\n");
      node.dataset.state = unsaved ? "!" : items.states[i];
      const cut = items.names[i].lastIndexOf("/") + 1;  // the folder gives way to the name
      node.querySelector(".name").replaceChildren(el("span", { class: "folder", text: items.names[i].slice(0, cut) }), el("bdi", { text: items.names[i].slice(cut) }));
      const chips = names.slice(0, 5).map((name) => el("i", { class: "chip", style: { "--c": this.session.classes.find((one) => one.name === name).color } }));
      node.querySelector(".more").replaceChildren(...chips, el("span", { class: "what", text: remark || (names.length ? names.join(", ") : unsaved ? t("notSavedShort") : state) }), score === undefined ? "" : el("span", { class: "number", text: score.toFixed(2) }));
    }

    showThumbs() {
      for (const [i, node] of this.rows) {
        const thumb = node.querySelector(".thumb");
        if (!thumb || thumb.firstChild) continue;
        thumb.append(el("img", { alt: "", src: address("thumb", { key: this.items.keys[i] }), decoding: "async", onerror: (event) => event.target.remove() }));
      }
    }
  }

  Object.assign(jumok, { ItemList });
})();
