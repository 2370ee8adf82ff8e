// Rows of numbers that people paste or bring as a file: separated values with or without names, or JSON.
"use strict";
(() => {
  const { t } = jumok;
  const MISSING = /^(|na|n\/a|nan|null|none|-)$/i;
  const CLOCKS = new Set(Object.values(jumok.words).flatMap((words) => words.clocks));  // columns that are no channels

  class Unreadable extends Error {}

  const separatorOf = (line) => ["\t", ";", ","].find((sign) => line.includes(sign)) ?? /\s+/;
  const isNumber = (cell) => cell !== "" && Number.isFinite(Number(cell));

  function numberOf(cell, line, column) {
    if (MISSING.test(cell)) return null;
    if (isNumber(cell)) return Number(cell);
    if (/^[-+]?\d+,\d+$/.test(cell)) throw new Unreadable(t("decimalComma", line, column, cell));
    throw new Unreadable(t("noNumber", line, column, cell.slice(0, 40)));
  }

  function ofJson(text) {
    let rows;
    try { rows = JSON.parse(text); } catch { throw new Unreadable(t("noRows")); }
    if (!Array.isArray(rows) || !rows.length) throw new Unreadable(t("noRows"));
    return { rows: rows.map((row, i) => (Array.isArray(row) ? row : [row]).map((value, c) => (value === null || typeof value === "number" ? value : numberOf(String(value), i + 1, c + 1)))), unread: [] };
  }

  function columnsOf(names, channels) {  // which columns are read, by their names
    if (!channels || channels.every((channel) => /^\d+$/.test(channel))) return names.map((name, i) => i).filter((i) => !CLOCKS.has(names[i].toLowerCase()));
    const lacking = channels.filter((channel) => !names.includes(channel));
    if (!lacking.length) return channels.map((channel) => names.indexOf(channel));
    if (names.length === channels.length && !channels.some((channel) => names.includes(channel))) return names.map((_, i) => i);
    throw new Unreadable(t("noColumn", lacking.join(", "), names.join(", ")));
  }

  function readRows(text, channels) {  // {rows, unread}: the numbers by time step, null where missing, and columns that were left out
    const clean = text.replace(/^\ufeff/, "").trim();
    if (clean.startsWith("[")) return ofJson(clean);
    const lines = clean.split(/\r\n|\r|\n/).map((line, i) => [line.trim(), i + 1]).filter(([line]) => line);
    if (!lines.length) throw new Unreadable(t("noRows"));
    const separator = separatorOf(lines[0][0]);
    const table = lines.map(([line, number]) => [line.split(separator).map((cell) => cell.trim().replace(/^"(.*)"$/, "$1")), number]);
    const named = table[0][0].some((cell) => !isNumber(cell) && !MISSING.test(cell) && !/^[-+]?\d+,\d+$/.test(cell));
    const names = named ? table.shift()[0] : null;
    if (!table.length) throw new Unreadable(t("noRows"));
    const width = names?.length ?? table[0][0].length;
    const read = names ? columnsOf(names, channels) : Array.from({ length: width }, (_, i) => i);
    const rows = table.map(([cells, number]) => {
      if (cells.length !== width) throw new Unreadable(t("unequalRow", number, cells.length, width));
      return read.map((i) => numberOf(cells[i], number, i + 1));
    });
    return { rows, unread: (names ?? []).filter((_, i) => !read.includes(i)) };
  }

  const looksLikeRows = (text) => { try { return readRows(text).rows.length > 1; } catch { return false; } };

  Object.assign(jumok, { readRows, looksLikeRows, Unreadable });
})();
