// Every layer and head at a glance: rows are layers, columns are heads.
"use strict";
(() => {
  const { el, t, colour, largest, choices, ember, once } = jumok;
  const ATONCE = 4;  // requests for maps

  class Heads {
    constructor({ attention, queries, keys, source, path, settings, choose, failed }) {
      Object.assign(this, { attention, queries, keys, source, path, settings, choose, failed });
      this.weights = this.statistics = null;
      this.maps = new Map();
      this.gone = false;
      this.thumbs = [];
      this.grid = el("div", { class: "thumbs", role: "listbox", "aria-label": t("heads"), onkeydown: (event) => this.key(event) });
      attention.layers.forEach((layer, l) => {
        for (let h = 0; h < layer.heads; h++) this.thumbs.push(this.thumb(l, h));
      });
      const sorts = [["grid", t("sortGrid")], ...["entropy", "distance", "sink"].map((name) => [name, t(name), t(`${name}Title`)])];
      this.node = el("section", { class: `card heads` },
        el("header", {}, el("h3", { text: t("heads") }),
          choices(t("heads"), [["row", t("thumbRow")], ["map", t("thumbMap")]], settings.thumbs || "row", (value) => { settings.thumbs = value; this.explain(); this.fetchMaps(); this.draw(); })),
        this.note = el("p", { class: "quiet note" }),
        el("div", { class: "bar" }, el("span", { class: "quiet", text: t("sort") }),
          choices(t("sort"), sorts, settings.sort || "grid", (value) => { settings.sort = value; this.order(); })),
        this.grid);
      this.draw = once(() => this.thumbs.forEach((thumb) => this.paint(thumb)));
      if (keys.grid) this.grid.style.setProperty("--aspect", keys.grid.aspect);
      this.grid.style.setProperty("--thumb", attention.layers.length > 8 ? "62px" : "104px");
      this.sorted = [...this.thumbs];
      this.order();
      this.fetchMaps();
    }

    remove() { this.gone = true; }  // another attention, answer or language is shown: ask for no more maps

    thumb(layer, head) {
      const canvas = el("canvas", { "aria-hidden": "true" });
      const caption = el("div", { class: "quiet caption" });
      const node = el("div", {
        class: "thumb", role: "option", tabindex: -1, title: t("layerHead", layer + 1, head + 1), "aria-label": t("layerHead", layer + 1, head + 1),
        onclick: () => this.choose(layer, head),
      }, canvas, caption);
      return { layer, head, node, canvas, caption };
    }

    key(event) {
      const move = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: this.columns, ArrowUp: -this.columns }[event.key];
      const at = this.sorted.findIndex((thumb) => thumb.node === document.activeElement);
      if (at < 0) return;
      if (move) {
        event.preventDefault();
        event.stopPropagation();
        const next = this.sorted[Math.max(0, Math.min(this.sorted.length - 1, at + move))];
        this.choose(next.layer, next.head);
        next.node.focus();
      } else if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        event.stopPropagation();
        this.choose(this.sorted[at].layer, this.sorted[at].head);
      }
    }

    async order() {
      const by = this.settings.sort || "grid";
      const derived = by !== "grid";
      if (derived && !this.statistics) {
        try {
          this.statistics = (await this.source.get(this.path("heads"))).heads;
        } catch (error) {
          this.failed(error);
          return;
        }
      }
      const value = new Map((this.statistics || []).map((one) => [`${one.layer},${one.head}`, one]));
      if (this.gone) return;
      const of = (thumb) => value.get(`${thumb.layer},${thumb.head}`)?.[by] ?? 0;
      this.sorted = [...this.thumbs];
      if (derived) this.sorted.sort((a, b) => (by === "sink" ? of(b) - of(a) : of(a) - of(b)));
      const most = Math.max(...this.attention.layers.map((layer) => layer.heads));
      this.columns = derived ? Math.min(8, Math.max(most, 4)) : most;
      this.explain();
      this.grid.style.setProperty("--columns", this.columns);
      this.grid.classList.toggle("sorted", derived);
      const rows = [];
      this.sorted.forEach((thumb, i) => {
        if (!derived && thumb.head === 0) rows.push(el("span", { class: "side quiet", "aria-hidden": "true", text: thumb.layer + 1 }));
        thumb.caption.replaceChildren(...(derived ? [el("small", { text: t("shortHead", thumb.layer + 1, thumb.head + 1) }), el("small", { class: "number", text: of(thumb).toFixed(2) })] : []));
        rows.push(thumb.node);
        const last = !derived && (i + 1 === this.sorted.length || this.sorted[i + 1].layer !== thumb.layer);
        for (let h = thumb.head + 1; last && h < most; h++) rows.push(el("span"));
      });
      const heading = derived ? [] : [el("span"), ...Array.from({ length: most }, (_, h) => el("span", { class: "above quiet", "aria-hidden": "true", text: h + 1 }))];
      this.grid.replaceChildren(...heading, ...rows);
      this.mark();
      this.draw();
    }

    explain() {  // what is drawn, and in which order
      const by = this.settings.sort || "grid";
      const bars = this.settings.thumbs !== "map" && !this.keys.grid;
      const order = by === "grid" ? [t("headsHelp")] : [el("small", { class: "tag", text: t("derived"), title: t("derivedTitle") }), ` ${t("sortedHelp")[by]}`];
      this.note.replaceChildren(...order, ` ${t(bars ? "barHelp" : "shadeHelp")}`);
    }

    set(layer, head) {  // null: no head alone is looked through
      this.chosen = [layer, head];
      this.mark();
    }

    mark() {
      for (const thumb of this.thumbs) {
        const is = this.chosen?.[0] === thumb.layer && this.chosen?.[1] === thumb.head;
        thumb.node.setAttribute("aria-selected", is);
        thumb.node.tabIndex = is ? 0 : -1;
      }
    }

    weigh(weights) {  // of one query: layers × heads × S
      this.weights = weights;
      this.draw();
    }

    async fetchMaps() {
      if (this.settings.thumbs !== "map" || this.asked) return;
      this.asked = true;
      const waiting = [...this.sorted];  // in the order in which they are drawn
      const work = async () => {
        while (waiting.length && !this.gone) {
          const thumb = waiting.shift();
          try {
            this.maps.set(thumb, await this.source.get(this.path("map", { layer: thumb.layer, head: thumb.head })));
            this.paint(thumb);
          } catch (error) {
            this.failed(error);
            return;
          }
        }
      };
      await Promise.all(Array.from({ length: ATONCE }, work));
    }

    paint(thumb) {
      const { canvas } = thumb;
      const ratio = devicePixelRatio || 1;
      const width = Math.round(canvas.clientWidth * ratio), height = Math.round(canvas.clientHeight * ratio);
      if (!width || !height) return;
      [canvas.width, canvas.height] = [width, height];
      const g = canvas.getContext("2d");
      g.fillStyle = colour("token");
      g.fillRect(0, 0, width, height);
      if (this.settings.thumbs === "map") {
        const map = this.maps.get(thumb);
        if (map) { g.imageSmoothingEnabled = false; g.drawImage(squares(map), 0, 0, width, height); }
        return;
      }
      const row = this.weights?.[thumb.layer]?.[thumb.head];
      if (!row) return;
      const { grid, extra } = this.keys;
      if (grid) {
        g.imageSmoothingEnabled = false;
        g.drawImage(squares({ weights: row.slice(extra.length), rows: grid.rows, columns: grid.columns }), 0, 0, width, height);
      } else bars(g, row, width, height);
    }
  }

  function bars(g, row, width, height) {  // as high as the root of a weight: small ones are still seen
    g.fillStyle = colour("heat");
    const step = width / row.length;
    row.forEach((w, i) => {
      const high = Math.sqrt(w) * height;
      if (high > 0.5) g.fillRect(i * step, height - high, Math.max(1, step - (step > 5 ? 1 : 0)), high);
    });
  }

  function rgb(name) {
    const text = colour(name);
    return [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16));
  }

  function squares({ weights, rows, columns }) {  // a canvas of one pixel a weight, shaded to the strongest
    const canvas = el("canvas", { width: columns, height: rows });
    const g = canvas.getContext("2d");
    const image = g.createImageData(columns, rows);
    const most = largest(weights), low = rgb("token"), high = rgb("heat");
    weights.forEach((w, i) => {
      const share = most > 0 ? Math.sqrt(w / most) : 0;
      for (let c = 0; c < 3; c++) image.data[4 * i + c] = low[c] + share * (high[c] - low[c]);
      image.data[4 * i + 3] = 255;
    });
    g.putImageData(image, 0, 0);
    return canvas;
  }

  Object.assign(jumok, { Heads, squares });
})();
