// Marks: objects by names that stay while the page is open, and whether two marks say the same.
"use strict";
(() => {
  const born = Date.now().toString(36);
  let count = 0;
  const uid = () => `${born}.${++count}`;

  const CLOSE = 1e-3;  // pixels
  const ROUNDED = 1.01;  // pixels, for formats of whole numbers

  function named(marks) {  // marks of the server, each object with a uid; and the ids of the file by uid
    const ids = new Map();
    if (!marks?.objects) return { marks, ids };
    const objects = marks.objects.map((one) => {
      const name = uid();
      if (one.id !== null && one.id !== undefined) ids.set(name, one.id);
      return { ...one, uid: name };
    });
    return { marks: { objects }, ids };
  }

  function outgoing(marks, ids) {  // what the server is sent: ids of the file instead of uids
    if (!marks?.objects) return marks;
    return { objects: marks.objects.map(({ uid: name, score, ...one }) => ({ ...one, id: ids.get(name) ?? null })) };
  }

  function overlap(a, b) {
    const across = Math.min(a[2], b[2]) - Math.max(a[0], b[0]), down = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
    if (across <= 0 || down <= 0) return a.every((v, i) => Math.abs(v - b[i]) < ROUNDED) ? 1 : 0;
    const area = (box) => (box[2] - box[0]) * (box[3] - box[1]);
    return (across * down) / (area(a) + area(b) - across * down);
  }

  function pairs(mine, theirs, ids = new Map()) {  // [[object, object of the server]]: what is most alike first
    const found = [];
    for (const a of mine) {
      for (const b of theirs) {
        const alike = overlap(a.box, b.box);
        if (alike < 0.5) continue;
        found.push([alike + (a.class === b.class ? 0.4 : 0) + (b.id !== null && ids.get(a.uid) === b.id ? 0.2 : 0), a, b]);
      }
    }
    const [takenA, takenB] = [new Set(), new Set()];
    return found.sort((x, y) => y[0] - x[0]).filter(([, a, b]) => {
      if (takenA.has(a) || takenB.has(b)) return false;
      takenA.add(a);
      takenB.add(b);
      return true;
    }).map(([, a, b]) => [a, b]);
  }

  function idsOf(marks, written, ids) {  // the ids that objects of the page have in what was written
    if (!marks?.objects) return new Map();
    return new Map(pairs(marks.objects, written.objects, ids).map(([a, b]) => [a.uid, b.id]));
  }

  const near = (a, b, by) => a.length === b.length && a.every((v, i) => Math.abs(v - b[i]) <= by);
  const FLAGS = ["crowd", "difficult", "truncated", "occluded"];
  function sameObject(a, b, by) {
    if (a.class !== b.class || !near(a.box, b.box, by)) return false;
    if (FLAGS.some((flag) => Boolean(a[flag]) !== Boolean(b[flag]))) return false;
    const [p, q] = [a.polygons ?? [], b.polygons ?? []];
    return p.length === q.length && p.every((line, i) => near(line, q[i], by));
  }
  function sameObjects(mine, theirs, by) {
    if (mine.length !== theirs.length) return false;
    const rest = [...theirs];
    return mine.every((a) => {
      const i = rest.findIndex((b) => sameObject(a, b, by));
      if (i >= 0) rest.splice(i, 1);
      return i >= 0;
    });
  }

  function merged(stretches) {  // by time; neighbours of one class are one
    const joined = [];
    for (const one of [...stretches].sort((a, b) => a.start - b.start)) {
      const last = joined.at(-1);
      if (last && last.end === one.start && last.class === one.class) last.end = one.end;
      else joined.push({ start: one.start, end: one.end, class: one.class });
    }
    return joined;
  }

  async function pixels(mask) {
    const bytes = Uint8Array.from(atob(mask), (c) => c.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const g = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
    g.drawImage(bitmap, 0, 0);
    return new Uint32Array(g.getImageData(0, 0, bitmap.width, bitmap.height).data.buffer);
  }
  async function sameMask(a, b) {
    if (a === b || !a || !b) return (a || null) === (b || null);
    const [p, q] = await Promise.all([pixels(a), pixels(b)]);
    return p.length === q.length && p.every((v, i) => v === q[i]);
  }

  async function sameMarks(a, b, rounded = false) {  // rounded: as a format may have written them
    if (a.objects) return sameObjects(a.objects, b.objects ?? [], rounded ? ROUNDED : CLOSE);
    if (a.stretches) return JSON.stringify(merged(a.stretches)) === JSON.stringify(merged(b.stretches ?? []));
    if ("mask" in a) return sameMask(a.mask, b.mask);
    const names = new Set([...Object.keys(a.values), ...Object.keys(b.values ?? {})]);
    return [...names].every((name) => (a.values[name] ?? null) === (b.values?.[name] ?? null));
  }

  function emptied(marks) {  // the same kind of marks with nothing on it
    if (marks.objects) return { objects: [] };
    if (marks.stretches) return { stretches: [] };
    if (marks.values) return { values: Object.fromEntries(Object.keys(marks.values).map((name) => [name, null])) };
    return { mask: null };
  }

  function classesIn(marks) {  // names of the classes that are marked; undefined where only pixels tell
    if (marks.values) return Object.values(marks.values).filter((value) => value !== null);
    const all = marks.objects ?? marks.stretches;
    return all && [...new Set(all.map((one) => one.class))];
  }

  function difference(mine, theirs) {  // of objects: [only mine, only theirs]
    const rest = [...theirs];
    const alone = mine.filter((a) => {
      const i = rest.findIndex((b) => sameObject(a, b, CLOSE));
      if (i >= 0) rest.splice(i, 1);
      return i < 0;
    });
    return [alone, rest];
  }

  Object.assign(jumok, { editors: {}, uid, named, outgoing, idsOf, sameMarks, merged, emptied, classesIn, difference });
})();
