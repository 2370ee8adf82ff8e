// Stretches of a recording: no two overlap, and each change gives new ones.
"use strict";
(() => {
  const sorted = (stretches) => [...stretches].sort((a, b) => a.start - b.start);

  function without(stretches, start, end) {  // what stands outside of [start, end)
    return stretches.flatMap((one) => {
      if (one.end <= start || one.start >= end) return [one];
      const rest = [];
      if (one.start < start) rest.push({ ...one, end: start });
      if (one.end > end) rest.push({ ...one, start: end, ...(one.start < start ? { uid: jumok.uid() } : {}) });
      return rest;
    });
  }

  function paint(stretches, start, end, name, uid = jumok.uid()) {  // over what stands there
    return sorted([...without(stretches, start, end), { uid, start, end, class: name }]);
  }

  function resize(stretches, uid, edge, row, length) {  // an edge stops at the neighbours
    const i = stretches.findIndex((one) => one.uid === uid), one = stretches[i];
    if (!one) return stretches;
    const least = edge === "start" ? stretches[i - 1]?.end ?? 0 : one.start + 1, most = edge === "start" ? one.end - 1 : stretches[i + 1]?.start ?? length;
    return stretches.with(i, { ...one, [edge]: Math.max(least, Math.min(most, row)) });
  }

  function split(stretches, row) {
    return stretches.flatMap((one) => (one.start < row && row < one.end ? [{ ...one, end: row }, { ...one, uid: jumok.uid(), start: row }] : [one]));
  }

  function join(stretches, uid) {  // with the next one, over the gap
    const i = stretches.findIndex((one) => one.uid === uid), next = stretches[i + 1];
    if (i < 0 || !next) return stretches;
    return stretches.toSpliced(i, 2, { ...stretches[i], end: next.end });
  }

  Object.assign(jumok, { stretchesOf: { paint, resize, split, join, sorted, without } });
})();
