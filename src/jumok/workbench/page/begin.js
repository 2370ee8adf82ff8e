// What a page opens on: the head that tells most about what is looked at, and a query that shows it.
"use strict";
(() => {
  const { strongest } = jumok;
  const MOST = 8;  // queries that are asked
  const NUMBERS = 2e6;  // weights that are asked for, at most

  function sampled(queries, numbers) {  // some queries with a meaning, evenly spread
    const all = queries.telling();
    const count = Math.max(2, Math.min(MOST, Math.floor(NUMBERS / numbers), all.length));
    return [...new Set(Array.from({ length: count }, (_, n) => all[Math.floor(((n + 0.5) * all.length) / count)]))].filter((i) => i !== undefined);
  }

  // How much a head tells: by how much its weights of each query differ from their mean over queries (their mutual
  // information). A head that always rests on one position tells nothing; nor do end marks, or a position itself.
  function told(rows, asked, counted) {
    const mean = rows[0].map((_, s) => rows.reduce((sum, row) => sum + row[s], 0) / rows.length);
    return rows.map((row, n) => row.reduce((sum, w, s) => (w > 0 && counted(asked[n], s) ? sum + w * Math.log(w / mean[s]) : sum), 0));
  }

  async function tellingHead({ attention, queries, keys, source, path }) {  // {layer, head, query}, or null where none tells more
    const heads = attention.layers.reduce((sum, layer) => sum + layer.heads, 0);
    const asked = sampled(queries, heads * keys.count);
    if (asked.length < 2) return null;
    const found = await Promise.all(asked.map(async (query) => (await source.get(path("row", { query }))).weights));
    const counted = (query, s) => keys.means(s) && (attention.use === "cross" || s !== query);
    let best = null;
    attention.layers.forEach((layer, l) => {
      for (let h = 0; h < layer.heads; h++) {
        const each = told(found.map((weights) => weights[l][h]), asked, counted);
        const all = each.reduce((a, b) => a + b, 0) / each.length;
        if (all > (best?.all ?? 1e-3)) best = { all, layer: l, head: h, query: asked[strongest(each, 1)[0]] };
      }
    });
    return best;
  }

  Object.assign(jumok, { tellingHead });
})();
