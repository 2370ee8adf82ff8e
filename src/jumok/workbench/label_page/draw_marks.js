// How boxes, outlines, handles and crosshairs look: lines of whole device pixels with a dark halo, so that they stand out on any image.
"use strict";
(() => {
  const { t } = jumok;
  const { handlesOf, area, FLAGS } = jumok.objects;
  const HALO = "rgba(0, 0, 0, 0.5)", WHITE = "#ffffff", BLACK = "#000000", OTHER = "#9aa0a6";
  const FONT = 12, PAD = 4, HANDLE = 8, CROWDED = 80;  // above so many objects, only labels that fit are drawn
  const contrast = matchMedia("(prefers-contrast: more)");
  const widths = new Map();

  function lightness(colour) {  // relative luminance (WCAG 2)
    const part = (at) => {
      const c = parseInt(colour.slice(at, at + 2), 16) / 255;
      return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    };
    return 0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5);
  }
  const textColour = (colour) => (lightness(colour) > 0.179 ? BLACK : WHITE);  // black or white, whichever is easier to read
  const colourOf = (classes, name) => classes.find((one) => one.name === name)?.color || OTHER;

  const lineWidth = (stage, bold) => Math.max(1, Math.round((contrast.matches ? 3 : bold ? 3 : 2) * stage.ratio));
  const haloWidth = (stage, line) => line + 2 * Math.max(1, Math.round(0.7 * stage.ratio));

  function strokeWithHalo(g, stage, colour, bold, draw) {  // a dark line below, a coloured one above
    const line = lineWidth(stage, bold);
    g.strokeStyle = HALO;
    g.lineWidth = haloWidth(stage, line);
    draw(g);
    g.strokeStyle = colour;
    g.lineWidth = line;
    draw(g);
  }

  function frameOf(stage, box, bold) {  // [x, y, width, height] in device pixels, on the raster that the line's width needs
    const [x1, y1] = stage.toDevice(box[0], box[1]), [x2, y2] = stage.toDevice(box[2], box[3]), half = (lineWidth(stage, bold) % 2) / 2;
    return [Math.round(x1) + half, Math.round(y1) + half, Math.round(x2) - Math.round(x1), Math.round(y2) - Math.round(y1)];
  }

  const isInView = (stage, [x1, y1, x2, y2]) => {
    const [left, top] = stage.toScreen(x1, y1), [right, bottom] = stage.toScreen(x2, y2);
    return right > -20 && bottom > -20 && left < stage.width + 20 && top < stage.height + 20;
  };

  function tracePath(g, stage, points, close = true) {
    for (let i = 0; i < points.length; i += 2) {
      const [x, y] = stage.toDevice(points[i], points[i + 1]);
      if (i) g.lineTo(x, y); else g.moveTo(x, y);
    }
    if (close) g.closePath();
  }

  function paintShape(g, stage, one, colour, { bold, filled, dashed }) {
    const dash = dashed ? [6 * stage.ratio, 4 * stage.ratio] : [];
    g.setLineDash(dash);
    g.globalAlpha = dashed && !bold ? 0.85 : 1;
    if (one.polygons) {
      for (const points of one.polygons) {
        g.beginPath();
        tracePath(g, stage, points);
        g.fillStyle = `${colour}${filled ? "40" : "26"}`;
        g.fill();
        strokeWithHalo(g, stage, colour, bold, () => g.stroke());
      }
      if (one.fixed) g.setLineDash([2 * stage.ratio, 4 * stage.ratio]);
    }
    if (!one.polygons || one.fixed) {
      const frame = frameOf(stage, one.box, bold);
      if (filled) {
        g.fillStyle = `${colour}26`;
        g.fillRect(...frame);
      }
      strokeWithHalo(g, stage, colour, bold, () => g.strokeRect(...frame));
    }
    g.setLineDash([]);
    g.globalAlpha = 1;
  }

  function textOf(one) {
    const flags = FLAGS.filter((flag) => one[flag]).map((flag) => t("drawFlags")[flag]);
    return [one.class, one.score === undefined ? null : one.score.toFixed(2), ...flags].filter((part) => part !== null).join(" · ");
  }

  function textWidth(g, text, size) {
    const key = `${size} ${text}`;
    if (!widths.has(key)) widths.set(key, g.measureText(text).width);
    return widths.get(key);
  }

  function paintLabel(g, stage, one, colour, { always, light }) {
    const k = stage.ratio, text = textOf(one), size = Math.round(FONT * k);
    g.font = `600 ${size}px system-ui, "Noto Sans KR", sans-serif`;
    const across = textWidth(g, text, size) + 2 * PAD * k, down = Math.round((FONT + 5) * k);
    const [x1, y1, w] = frameOf(stage, one.box, false);
    if (!always && w < across * 1.2) return;
    const above = y1 - down >= 0, x = Math.round(Math.max(0, Math.min(x1 - k, stage.width * k - across)));
    const y = Math.round(Math.max(0, above ? y1 - down : y1));
    g.globalAlpha = light ? 0.85 : 1;
    g.fillStyle = light ? "#ffffff" : colour;
    g.fillRect(x, y, Math.ceil(across), down);
    if (light) { g.strokeStyle = colour; g.lineWidth = Math.max(1, Math.round(k)); g.strokeRect(x + 0.5, y + 0.5, Math.ceil(across) - 1, down - 1); }
    g.globalAlpha = 1;
    g.fillStyle = light ? BLACK : textColour(colour);
    g.textBaseline = "middle";
    g.fillText(text, x + PAD * k, y + down / 2 + 0.5 * k);
  }

  function paintObjects(g, stage, classes, objects) {  // all that are not selected, the small ones on top
    const seen = objects.filter((one) => isInView(stage, one.box)).sort((a, b) => area(b) - area(a)), always = seen.length <= CROWDED;
    for (const one of seen) paintShape(g, stage, one, colourOf(classes, one.class), { dashed: one.score !== undefined });
    for (const one of seen) paintLabel(g, stage, one, colourOf(classes, one.class), { always, light: one.score !== undefined });
  }

  function paintSelected(g, stage, classes, one, corner) {
    const colour = colourOf(classes, one.class);
    paintShape(g, stage, one, colour, { bold: true, filled: true, dashed: one.score !== undefined });
    paintLabel(g, stage, one, colour, { always: true, light: one.score !== undefined });
    if (one.fixed) return;
    const points = one.polygons ? one.polygons.flatMap((points, part) => points.flatMap((x, i) => (i % 2 ? [] : [{ x, y: points[i + 1], chosen: corner?.part === part && corner.n === i / 2 }]))) : handlesOf(one);
    for (const point of points) paintHandle(g, stage, point, colour, one.polygons);
  }

  function paintHandle(g, stage, point, colour, round) {
    const [x, y] = stage.toDevice(point.x, point.y).map(Math.round), side = Math.round((point.chosen ? HANDLE + 4 : HANDLE) * stage.ratio), half = side / 2;
    g.fillStyle = point.chosen ? colour : WHITE;
    g.strokeStyle = BLACK;
    g.lineWidth = Math.max(1, Math.round(stage.ratio));
    g.beginPath();
    if (round) g.arc(x, y, half, 0, 2 * Math.PI); else g.rect(Math.floor(x - half) + 0.5, Math.floor(y - half) + 0.5, side, side);
    g.fill();
    g.stroke();
  }

  function hairline(g, x1, y1, x2, y2, ratio) {  // black and white, so that it is seen on both
    g.lineWidth = Math.max(1, Math.round(ratio));
    for (const [colour, dash] of [["rgba(0, 0, 0, 0.7)", []], ["rgba(255, 255, 255, 0.95)", [4 * ratio, 4 * ratio]]]) {
      g.setLineDash(dash);
      g.strokeStyle = colour;
      g.beginPath();
      g.moveTo(x1, y1);
      g.lineTo(x2, y2);
      g.stroke();
    }
    g.setLineDash([]);
  }

  function paintCrosshair(g, stage, p) {  // lines through the pointer
    const [x, y] = stage.toDevice(Math.round(p.x), Math.round(p.y)).map((value) => Math.round(value) + 0.5);
    hairline(g, x, 0, x, stage.height * stage.ratio, stage.ratio);
    hairline(g, 0, y, stage.width * stage.ratio, y, stage.ratio);
  }

  function paintNote(g, stage, text, p) {  // a short text beside a point
    const k = stage.ratio, size = Math.round(FONT * k);
    g.font = `600 ${size}px system-ui, "Noto Sans KR", sans-serif`;
    const across = g.measureText(text).width + 2 * PAD * k, down = (FONT + 6) * k, [px, py] = stage.toDevice(p.x, p.y);
    const x = Math.min(px + 10 * k, stage.width * k - across - 2), y = Math.min(py + 10 * k, stage.height * k - down - 2);
    g.fillStyle = "rgba(0, 0, 0, 0.8)";
    g.fillRect(x, y, across, down);
    g.fillStyle = WHITE;
    g.textBaseline = "middle";
    g.fillText(text, x + PAD * k, y + down / 2);
  }

  function paintPath(g, stage, points, colour, next) {  // an outline that is being drawn
    const all = next ? [...points, next] : points, flat = all.flatMap(({ x, y }) => [x, y]);
    g.beginPath();
    tracePath(g, stage, flat, false);
    strokeWithHalo(g, stage, colour, true, () => g.stroke());
    if (all.length > 2) {
      g.beginPath();
      tracePath(g, stage, flat);
      g.fillStyle = `${colour}33`;
      g.fill();
    }
    points.forEach((point, i) => paintHandle(g, stage, { ...point, chosen: i === 0 && points.length > 2 }, colour, true));
  }

  function paintDrawn(g, stage, box, colour) {  // a box that is being drawn
    const frame = frameOf(stage, box, true);
    g.fillStyle = `${colour}26`;
    g.fillRect(...frame);
    strokeWithHalo(g, stage, colour, true, () => g.strokeRect(...frame));
    paintNote(g, stage, `${box[2] - box[0]} × ${box[3] - box[1]}`, { x: box[2], y: box[3] });
  }

  jumok.marks = { paintObjects, paintSelected, paintDrawn, paintPath, paintCrosshair, paintNote, strokeWithHalo, colourOf, textColour };
})();
