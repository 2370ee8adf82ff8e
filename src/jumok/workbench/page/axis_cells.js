// The cells of a picture, in rows and columns, after positions that are none.
"use strict";
(() => {
  const { t, Axis } = jumok;

  class CellAxis extends Axis {
    constructor(json, look) {
      super(json, look);
      Object.assign(this, { rows: json.rows, columns: json.columns, cell: json.cell });
      this.count = this.extra.length + json.rows * json.columns;
    }

    get caption() { return `${this.name} ${this.rows} × ${this.columns}`; }

    get grid() { return { rows: this.rows, columns: this.columns, aspect: (this.columns * this.cell[1]) / (this.rows * this.cell[0]) }; }

    label(i) {
      if (i < this.extra.length) return this.extra[i];
      const cell = i - this.extra.length;
      return t("cell", Math.floor(cell / this.columns) + 1, (cell % this.columns) + 1);
    }

    first() { return this.extra.length + Math.floor(this.rows / 2) * this.columns + Math.floor(this.columns / 2); }

    telling() { return super.telling().slice(this.extra.length); }

    means(i) { return i >= this.extra.length; }

    cellAt(x, y) {  // the position of a pixel of the picture, null beside the cells
      const c = Math.floor(x / this.cell[1]), r = Math.floor(y / this.cell[0]);
      if (r < 0 || c < 0 || r >= this.rows || c >= this.columns) return null;
      return this.extra.length + r * this.columns + c;
    }

    box(i) {  // where a cell is, in pixels: [x1, y1, x2, y2]
      const cell = i - this.extra.length;
      if (cell < 0) return null;
      const r = Math.floor(cell / this.columns), c = cell % this.columns;
      return [c * this.cell[1], r * this.cell[0], (c + 1) * this.cell[1], (r + 1) * this.cell[0]];
    }

    moved(i, key) {
      if (key === "ArrowRight" || key === "ArrowLeft" || i === null) return super.moved(i, key);
      const next = i + (key === "ArrowDown" ? this.columns : -this.columns);
      return next < 0 || next >= this.count ? i : next;
    }
  }

  jumok.axes.cells = CellAxis;
})();
