// A mask of classes by pixel: shapes are painted into it, and each state is a list of packed tiles that share what is equal.
"use strict";
(() => {
  const TILE = 128, UNKNOWN = 255;

  function encodeRuns(tile) {  // runs of equal values: [length, value, length, value, …]
    const runs = [];
    for (let at = 0; at < tile.length;) {
      const value = tile[at];
      let end = at + 1;
      while (end < tile.length && tile[end] === value) end++;
      runs.push(end - at, value);
      at = end;
    }
    return Uint16Array.from(runs);
  }
  const same = (a, b) => a === b || (a.length === b.length && a.every((value, i) => value === b[i]));

  class Raster {
    constructor(width, height, values) {
      Object.assign(this, { width, height });
      this.values = values || new Uint8Array(width * height).fill(UNKNOWN);
      this.columns = Math.ceil(width / TILE);
      this.tiles = Array.from({ length: this.columns * Math.ceil(height / TILE) }, (_, n) => this.encodeTile(n));
      this.dirty = null;  // [x1, y1, x2, y2] painted since the last commit()
    }

    area(n) {  // [x1, y1, x2, y2] of a tile
      const x = (n % this.columns) * TILE, y = Math.floor(n / this.columns) * TILE;
      return [x, y, Math.min(this.width, x + TILE), Math.min(this.height, y + TILE)];
    }

    encodeTile(n) {
      const [x1, y1, x2, y2] = this.area(n), tile = new Uint8Array((x2 - x1) * (y2 - y1));
      for (let y = y1; y < y2; y++) tile.set(this.values.subarray(y * this.width + x1, y * this.width + x2), (y - y1) * (x2 - x1));
      return encodeRuns(tile);
    }

    decodeTile(n, runs) {
      const [x1, y1, x2] = this.area(n), across = x2 - x1;
      let at = 0;
      for (let i = 0; i < runs.length; i += 2) {
        for (let left = runs[i]; left > 0;) {
          const x = at % across, part = Math.min(left, across - x), to = (y1 + Math.floor(at / across)) * this.width + x1 + x;
          this.values.fill(runs[i + 1], to, to + part);
          at += part;
          left -= part;
        }
      }
    }

    markDirty(x1, y1, x2, y2) {
      const d = this.dirty;
      this.dirty = d ? [Math.min(d[0], x1), Math.min(d[1], y1), Math.max(d[2], x2), Math.max(d[3], y2)] : [x1, y1, x2, y2];
    }

    commit() {  // pack what was painted; whether anything is different now
      if (!this.dirty) return false;
      const [x1, y1, x2, y2] = this.dirty.map((value) => Math.floor(value / TILE));
      const tiles = [...this.tiles];
      let different = false;
      for (let row = y1; row <= y2; row++) {
        for (let column = x1; column <= Math.min(x2, this.columns - 1); column++) {
          const n = row * this.columns + column;
          if (n >= tiles.length) continue;
          const runs = this.encodeTile(n);
          if (!same(runs, tiles[n])) { tiles[n] = runs; different = true; }
        }
      }
      this.dirty = null;
      if (different) this.tiles = tiles;
      return different;
    }

    restore(tiles) {  // back to kept tiles; gives the area that is different, or null
      const bounds = [this.width, this.height, 0, 0];
      const painted = this.dirty && new Set(this.tilesIn(this.dirty));
      tiles.forEach((runs, n) => {
        if (runs === this.tiles[n] && !painted?.has(n)) return;
        this.decodeTile(n, runs);
        const [x1, y1, x2, y2] = this.area(n);
        bounds.splice(0, 4, Math.min(bounds[0], x1), Math.min(bounds[1], y1), Math.max(bounds[2], x2), Math.max(bounds[3], y2));
      });
      this.tiles = tiles;
      this.dirty = null;
      return bounds[0] < bounds[2] ? bounds : null;
    }

    tilesIn([x1, y1, x2, y2]) {
      return this.tiles.map((_, n) => n).filter((n) => {
        const [a, b, c, d] = this.area(n);
        return a < x2 && x1 < c && b < y2 && y1 < d;
      });
    }

    counts() {  // pixels by value, of the kept tiles
      const found = new Float64Array(256);
      for (const runs of this.tiles) for (let i = 0; i < runs.length; i += 2) found[runs[i + 1]] += runs[i];
      return found;
    }
  }

  // Shapes call span(y, x1, x2) for each run of pixels whose centre is inside; all are cut at the borders.

  function brushStroke(a, b, size, width, height, span) {  // all that a round brush covers on its way from a to b
    const radius = size / 2, dx = b.x - a.x, dy = b.y - a.y, length = dx * dx + dy * dy;
    const bottom = Math.min(height - 1, Math.floor(Math.max(a.y, b.y) + radius)), left = Math.max(0, Math.floor(Math.min(a.x, b.x) - radius));
    const right = Math.min(width - 1, Math.floor(Math.max(a.x, b.x) + radius));
    for (let y = Math.max(0, Math.floor(Math.min(a.y, b.y) - radius)); y <= bottom; y++) {
      let from = -1, to = -1;  // what is covered of a row is one run, for a brush's path is convex
      for (let x = left; x <= right; x++) {
        const px = x + 0.5 - a.x, py = y + 0.5 - a.y, share = length ? Math.max(0, Math.min(1, (px * dx + py * dy) / length)) : 0;
        if ((px - share * dx) ** 2 + (py - share * dy) ** 2 > radius * radius + 1e-9) { if (to >= 0) break; continue; }
        if (from < 0) from = x;
        to = x + 1;
      }
      if (to > 0) span(y, from, to);
    }
  }

  const snapBrush = (x, y, size) => (size % 2 ? { x: Math.floor(x) + 0.5, y: Math.floor(y) + 0.5 } : { x: Math.round(x), y: Math.round(y) });

  function fillPolygon(corners, width, height, span) {  // inside by the even-odd rule
    const ys = corners.map(({ y }) => y);
    const last = Math.min(height - 1, Math.ceil(Math.max(...ys)));
    for (let y = Math.max(0, Math.floor(Math.min(...ys))); y <= last; y++) {
      const crossed = [], middle = y + 0.5;
      corners.forEach((a, i) => {
        const b = corners[(i + 1) % corners.length];
        if ((a.y <= middle) !== (b.y <= middle)) crossed.push(a.x + ((middle - a.y) * (b.x - a.x)) / (b.y - a.y));
      });
      crossed.sort((p, q) => p - q);
      for (let i = 0; i + 1 < crossed.length; i += 2) {
        const from = Math.max(0, Math.ceil(crossed[i] - 0.5)), to = Math.min(width, Math.ceil(crossed[i + 1] - 0.5));
        if (from < to) span(y, from, to);
      }
    }
  }

  function floodFill(values, width, height, x, y, span) {  // the region of equal value around a pixel, through its four sides
    const wanted = values[y * width + x], seen = new Uint8Array(values.length), waiting = [x, y];
    while (waiting.length) {
      const row = waiting.pop(), at = waiting.pop(), base = row * width;
      if (seen[base + at]) continue;
      let from = at, to = at + 1;
      while (from > 0 && values[base + from - 1] === wanted) from--;
      while (to < width && values[base + to] === wanted) to++;
      seen.fill(1, base + from, base + to);
      for (const next of [row - 1, row + 1]) {
        if (next < 0 || next >= height) continue;
        for (let i = from, there = next * width; i < to; i++) {
          const open = values[there + i] === wanted && !seen[there + i];
          if (open && !(i > from && values[there + i - 1] === wanted && !seen[there + i - 1])) waiting.push(i, next);
        }
      }
      span(row, from, to);
    }
  }

  Object.assign(jumok, { Raster, shapes: { brushStroke, snapBrush, fillPolygon, floodFill }, UNKNOWN });
})();
