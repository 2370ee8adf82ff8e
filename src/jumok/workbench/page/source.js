// Where details come from: the server, or what an offline file keeps.
"use strict";
(() => {
  const KEPT = 3000;  // answers in memory
  const NUMBERS = "application/octet-stream";  // rows come as float32, large ones much sooner than as JSON
  class Refused extends Error {}

  async function numbersOf(response) {  // arrays of layers, heads and keys
    const [layers, heads, keys] = response.headers.get("X-Shape").split(",").map(Number);
    const view = new DataView(await response.arrayBuffer());
    const row = (first) => Array.from({ length: keys }, (_, s) => view.getFloat32(4 * (first * keys + s), true));
    return Array.from({ length: layers }, (_, l) => Array.from({ length: heads }, (_, h) => row(l * heads + h)));
  }

  class Source {
    constructor(embedded) {
      this.embedded = embedded;  // {document, details, packed} of an offline file, or null
      this.answers = new Map();
      this.packs = {};
      for (const [id, pack] of Object.entries(embedded?.packed || {})) this.packs[id] = new Pack(pack, embedded.document?.attentions.find((one) => one.id === id));
    }

    get live() { return !this.embedded; }

    get(path) { return this.asked(path, () => this.fetched(path)); }

    post(path) { return this.asked(path, () => this.fetched(path, { method: "POST" })); }

    asked(path, ask) {  // one request for one thing, however often it is wanted
      let answer = this.answers.get(path);
      if (answer) {
        this.answers.delete(path);
      } else {
        answer = { promise: ask(), value: undefined };
        answer.promise.then((value) => { answer.value = value; }, () => this.answers.delete(path));
        if (this.answers.size >= KEPT) this.answers.delete(this.answers.keys().next().value);
      }
      this.answers.set(path, answer);  // the last used are the last to go
      return answer.promise;
    }

    known(path) { return this.answers.get(path)?.value; }

    async fetched(path, options) {
      if (this.embedded) return this.kept(path);
      let response;
      try {
        response = await fetch(path, options ?? (path.startsWith("/api/row") ? { headers: { Accept: `${NUMBERS}, application/json` } } : undefined));
      } catch {
        throw new Refused(jumok.t("failed"));
      }
      let answer = null;
      try { answer = response.headers.get("Content-Type") === NUMBERS ? { weights: await numbersOf(response) } : await response.json(); } catch { /* no JSON came */ }
      if (!response.ok || answer === null) throw new Refused(jumok.said(answer?.error) || jumok.t("failed"));
      return answer;
    }

    kept(path) {
      const found = this.embedded.details?.[path];
      if (found !== undefined) return found;
      const [name, query] = path.split("?");
      const wanted = new URLSearchParams(query);
      const pack = this.packs[wanted.get("attention")];
      const number = (key) => Number(wanted.get(key));
      if (pack && number("answer") === pack.answer) {
        if (name === "/api/row") return { weights: pack.row(number("query")) };
        if (name === "/api/column") return { weights: pack.column(number("layer"), number("head"), number("key")) };
        if (name === "/api/map") return pack.map(number("layer"), number("head"));
        if (name === "/api/heads") return { heads: pack.statistics() };
        const view = name === "/api/derived" && wanted.get("view");
        if (view === "mean") return { view, label: pack.label(), weights: pack.mean(number("query")) };
        if (view === "rollout" && pack.T === pack.S) return { view, weights: pack.rollout(number("query")) };
        if (view === "alignment") return { view, shift: 0, pairs: pack.pairs() };
      }
      throw new Refused(pack ? jumok.t("offlineAnswer", pack.answer + 1) : jumok.t("offlineMissing"));
    }
  }

  function binsOf(axis, count, size) {  // as packing.py: neighbours share a bin, tokens of a row or cells of an image
    if (axis?.kind !== "cells") return { of: (i) => Math.floor(i / size), count: Math.ceil(count / size) };
    const beside = (axis.extra || []).length, across = Math.ceil(axis.columns / size);
    const of = (i) => (i < beside ? i : beside + Math.floor(Math.floor((i - beside) / axis.columns) / size) * across + Math.floor(((i - beside) % axis.columns) / size));
    return { of, count: beside + Math.ceil(axis.rows / size) * across };
  }

  class Pack {  // all weights of one attention, (heads of all layers, T, S), from base64; of windows those within each
    constructor({ answer, heads, T, S, pool, kind, data, windows }, attention) {
      const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
      Object.assign(this, { answer: answer || 0, layers: heads, T, S, pool: pool || [1, 1], kind });
      this.bins = [binsOf(attention?.queries, T, this.pool[0]), binsOf(attention?.keys, S, this.pool[1])];
      [this.rows, this.columns] = this.bins.map((bins) => bins.count);
      this.data = kind === "uint16" ? new Uint16Array(bytes.buffer) : new Float32Array(bytes.buffer);
      this.unit = kind === "uint16" ? 1 / 65535 : 1;
      this.first = [];
      heads.reduce((n, h) => { this.first.push(n); return n + h; }, 0);
      this.layerOf = heads.flatMap((h, l) => Array(h).fill(l));
      if (windows) this.cut(windows);
      this.shares = ["queries", "keys"].map((side, i) => (attention?.[side].kind === "cells" ? this.pool[i] ** 2 : this.pool[i]));
    }

    get isPooled() { return this.pool[0] > 1 || this.pool[1] > 1; }

    cut({ length, cells }) {  // where each cell stands: its window and its place there
      this.length = length;
      this.cells = cells;
      this.home = cells.map((of) => {
        const home = new Int32Array(this.T);
        of.forEach((cell, at) => { if (cell >= 0) home[cell] = at; });
        return home;
      });
    }

    at(head, t, s) {
      if (!this.cells) return this.data[(head * this.rows + this.bins[0].of(t)) * this.columns + this.bins[1].of(s)] * this.unit;
      const home = this.home[this.layerOf[head]], L = this.length, window = Math.floor(home[t] / L);
      if (window !== Math.floor(home[s] / L)) return 0;
      return this.data[head * this.cells[0].length * L + home[t] * L + (home[s] % L)] * this.unit;
    }

    one(head, t) {
      if (!this.cells) return Array.from({ length: this.S }, (_, s) => this.at(head, t, s));
      const row = new Array(this.S).fill(0), L = this.length, layer = this.layerOf[head], home = this.home[layer][t];
      const window = home - (home % L), start = head * this.cells[0].length * L + home * L;
      for (let j = 0; j < L; j++) {
        const cell = this.cells[layer][window + j];
        if (cell >= 0) row[cell] = this.data[start + j] * this.unit;
      }
      return row;
    }

    row(t) { return this.layers.map((heads, l) => Array.from({ length: heads }, (_, h) => this.one(this.first[l] + h, t))); }

    column(l, h, s) { return Array.from({ length: this.T }, (_, t) => this.at(this.first[l] + h, t, s)); }

    mean(t) {
      const total = this.first.length && new Float64Array(this.S);
      const all = this.row(t).flat();
      for (const row of all) row.forEach((w, s) => { total[s] += w / all.length; });
      return Array.from(total);
    }

    rollout(t) {  // as views.py: half of what a position holds stays with it
      let rows = Array.from({ length: this.S }, (_, s) => Number(s === t));
      for (let l = this.layers.length - 1; l >= 0; l--) {
        const below = new Array(this.S).fill(0), heads = this.layers[l];
        for (let i = 0; i < this.T; i++) {
          if (!rows[i]) continue;
          let all = 0;
          for (let h = 0; h < heads; h++) {
            for (let s = 0; s < this.S; s++) {
              const w = this.at(this.first[l] + h, i, s) / heads;
              below[s] += 0.5 * rows[i] * w;
              all += w;
            }
          }
          below[i] += rows[i] * (1 - 0.5 * all);
        }
        rows = below;
      }
      return rows;
    }

    pairs() {  // for each query the key that all heads look at most
      return Array.from({ length: this.T }, (_, t) => {
        const row = this.mean(t), s = jumok.strongest(row, 1)[0];
        return [t, s, row[s]];
      }).filter(([, , w]) => w > 0);
    }

    label() {
      const heads = this.layers.reduce((a, b) => a + b, 0);
      return Object.fromEntries(Object.entries(jumok.words).map(([language, words]) => [language, words.derivedLead + words.meanOf(heads, this.layers.length)]));
    }

    map(l, h) {
      const step = Math.ceil(Math.max(this.rows, this.columns) / 160);
      const rows = Math.ceil(this.rows / step), columns = Math.ceil(this.columns / step);
      const weights = new Array(rows * columns).fill(0), head = this.first[l] + h;
      const start = head * this.rows * this.columns;
      for (let r = 0; r < this.rows; r++) {
        const row = this.cells ? this.one(head, r) : null;
        for (let c = 0; c < this.columns; c++) {
          const at = Math.floor(r / step) * columns + Math.floor(c / step);
          weights[at] = Math.max(weights[at], row ? row[c] : this.data[start + r * this.columns + c] * this.unit);
        }
      }
      return { rows, columns, weights, pooled: step > 1 || this.isPooled };
    }

    statistics() {
      const found = [];
      this.layers.forEach((heads, layer) => {
        for (let head = 0; head < heads; head++) found.push({ layer, head, ...this.statistic(this.first[layer] + head) });
      });
      return found;
    }

    statistic(head) {
      let entropy = 0, distance = 0;
      const looked = new Float64Array(this.S), share = this.T === this.S ? 1 : (this.S - 1) / Math.max(1, this.T - 1);
      for (let t = 0; t < this.T; t++) {
        const row = this.one(head, t);
        for (let s = 0; s < this.S; s++) {
          const w = row[s];
          if (w > 0) entropy -= w * Math.log(w);
          distance += w * Math.abs(t * share - s);
          looked[s] += w;
        }
      }
      return { entropy: entropy / this.T, distance: distance / this.T, sink: Math.max(...looked) / this.T };
    }
  }

  Object.assign(jumok, { Source, Refused });
})();
