// The view as one SVG that stands alone: the answer, tokens with curves or the picture, and the strongest in numbers.
"use strict";
(() => {
  const { t, theme, colour, exact, strongest, largest, TokenRow } = jumok;
  const SIDE = 250, PAD = 24;

  const safe = (text) => String(text).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]).replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, "");

  function mixed(a, b, share) {
    const part = (text) => [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16));
    const [from, to] = [part(colour(a)), part(colour(b))];
    return `#${from.map((value, i) => Math.round(value + share * (to[i] - value)).toString(16).padStart(2, "0")).join("")}`;
  }

  const words = (x, y, text, { size = 13, fill = "ink", weight = 400, anchor = "start" } = {}) =>
    `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" font-size="${size}" font-weight="${weight}" text-anchor="${anchor}" fill="${colour(fill)}">${safe(text)}</text>`;
  const cut = (text, most) => ([...text].length > most ? `${[...text].slice(0, most - 1).join("")}…` : text);

  function tokenRow(row, frame) {
    const made = [];
    if (row.long) {
      const box = row.canvas.getBoundingClientRect();
      made.push(`<image x="${box.left - frame.left}" y="${box.top - frame.top}" width="${box.width}" height="${box.height}" href="${row.canvas.toDataURL()}"/>`);
    }
    for (const option of row.options) {
      if (option.hidden) continue;
      const box = option.getBoundingClientRect();
      const share = Number(option.style.getPropertyValue("--w")) || 0;
      const [x, y] = [box.left - frame.left, box.top - frame.top];
      const chosen = option.classList.contains("active") || option.classList.contains("pinned");
      const edge = chosen ? ` stroke="${colour(option.classList.contains("pinned") ? "pin" : "heat")}" stroke-width="2"` : "";
      made.push(`<rect x="${x.toFixed(1)}" y="${y.toFixed(1)}" width="${box.width.toFixed(1)}" height="${box.height.toFixed(1)}" rx="6" fill="${mixed("token", "shade", share)}"${edge}/>`);
      made.push(words(x + box.width / 2, y + box.height / 2 + 5, option.textContent, { size: 15, anchor: "middle", fill: option.classList.contains("special") ? "quiet" : "ink" }));
    }
    return made.join("");
  }

  function list(panel, x) {
    const { shown } = panel;
    const axis = panel.others(shown), most = largest(shown.weights);
    const made = [words(x, 16, cut(panel.asked.textContent, 30), { size: 15, weight: 600 }), words(x, 36, cut(panel.facts.textContent.trim(), 42), { size: 11, fill: "quiet" })];
    strongest(shown.weights, Math.min(8, axis.count)).forEach((i, n) => {
      const y = 62 + n * 24;
      made.push(words(x, y, cut(axis.label(i), 14)), `<rect x="${x + 105}" y="${y - 10}" width="${(80 * (most > 0 ? shown.weights[i] / most : 0)).toFixed(1)}" height="10" rx="2" fill="${colour("heat")}"/>`,
        words(x + SIDE - 6, y, exact(shown.weights[i]), { anchor: "end" }));
    });
    return made.join("");
  }

  function drawing(panel) {  // {text, width, height}
    const { stage, look } = panel;
    const frame = stage.node.getBoundingClientRect();
    const top = 74, width = Math.ceil(frame.width + SIDE + 3 * PAD), height = Math.ceil(Math.max(frame.height, 270) + top + PAD + 26);
    const parts = [];
    for (const row of [stage.top, stage.bottom]) {
      if (row instanceof TokenRow) parts.push(tokenRow(row, frame));
      else if (row?.drawn) parts.push(row.drawn(frame, { words, safe }));
      else if (row) parts.push([...row.options.values()].filter((option) => !option.hidden).map((option) => optionBox(option, frame)).join(""));
    }
    const heat = colour(stage.shown?.pinned ? "pin" : "heat");
    const curves = stage.paths().map(({ d, share }) => `<path d="${d}" fill="none" stroke="${heat}" stroke-linecap="round" stroke-opacity="${(0.12 + 0.88 * share).toFixed(3)}" stroke-width="${(0.8 + 3.2 * share).toFixed(2)}"/>`).join("");
    const answer = look.outputs.find((one) => one.answers)?.answers[panel.answer]?.text || look.inputs.find((one) => one.text)?.text || "";
    const text = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, -apple-system, 'Segoe UI', 'Noto Sans', 'Noto Sans CJK KR', 'Apple SD Gothic Neo', sans-serif">`
      + `<title>${safe(look.model.name)}</title><rect width="100%" height="100%" fill="${colour("paper")}"/>`
      + words(PAD, 32, `${look.model.name} · ${t(panel.attention.use)}`, { size: 17, weight: 600 }) + words(PAD, 54, cut(answer, 110), { fill: "quiet" })
      + `<g transform="translate(${PAD} ${top})">${curves}${parts.join("")}</g><g transform="translate(${frame.width + 2 * PAD} ${top})">${list(panel, 0)}</g>`
      + words(PAD, height - 14, `${t("evidence")} jumok`, { size: 11, fill: "quiet" }) + "</svg>";
    return { text, width, height };
  }

  function optionBox(option, frame) {
    const box = option.getBoundingClientRect();
    const share = Number(option.style.getPropertyValue("--w")) || 0;
    const chosen = option.classList.contains("active") || option.classList.contains("pinned");
    return `<rect x="${box.left - frame.left}" y="${box.top - frame.top}" width="${box.width}" height="${box.height}" rx="6" fill="${mixed("token", "shade", share)}"${chosen ? ` stroke="${colour("pin")}" stroke-width="2"` : ""}/>`
      + words(box.left - frame.left + box.width / 2, box.top - frame.top + box.height / 2 + 5, option.textContent, { size: 14, anchor: "middle" });
  }

  async function raster({ text, width, height }) {  // the drawing as PNG, twice as fine
    const url = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
    try {
      const image = new Image();
      image.src = url;
      await image.decode();
      const canvas = document.createElement("canvas");
      const scale = Math.min(2, 8000 / Math.max(width, height));
      [canvas.width, canvas.height] = [width * scale, height * scale];
      canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
      return await new Promise((done) => canvas.toBlob(done, "image/png"));
    } finally {
      URL.revokeObjectURL(url);
    }
  }

  Object.assign(jumok, { drawing, raster });
})();
