// Boxes and outlines as values: what is where, and what moving, resizing and bending makes of them. Nothing is changed in place.
"use strict";
(() => {
  let made = 0;
  const newUid = () => (jumok.uid ? jumok.uid() : `drawn-${++made}`);
  const FLAGS = ["crowd", "difficult", "truncated", "occluded"];
  const IOU_SAME = 0.7;  // a proposal that lies so well on a mark of its class says nothing new

  const width = ({ box }) => box[2] - box[0], height = ({ box }) => box[3] - box[1];
  const area = (one) => width(one) * height(one);
  const clamp = (value, low, high) => Math.max(low, Math.min(high, value));

  function toObject(raw) {  // an object of marks as the editor keeps it
    return Object.freeze({ ...raw, polygons: raw.polygons?.length ? raw.polygons : null, uid: raw.uid || newUid() });
  }

  function createObject(name, box, polygons = null) {
    return toObject({ id: null, class: name, box, polygons, fixed: false, crowd: false, difficult: false, truncated: false, occluded: false });
  }

  const withChanges = (one, changes) => Object.freeze({ ...one, ...changes });

  function acceptedObject(proposal) {  // a proposal as a mark
    const { score, ...rest } = proposal;
    return Object.freeze({ ...createObject(rest.class, rest.box), ...rest, id: null });
  }

  function boxBetween(a, b) {  // the box between two points
    return [Math.min(a.x, b.x), Math.min(a.y, b.y), Math.max(a.x, b.x), Math.max(a.y, b.y)];
  }

  function bounds(polygons) {
    const xs = polygons.flatMap((one) => one.filter((_, i) => i % 2 === 0)), ys = polygons.flatMap((one) => one.filter((_, i) => i % 2));
    return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
  }

  function translate(one, dx, dy, [w, h]) {  // never further out of the image than it was
    const [x1, y1, x2, y2] = one.box;
    dx = clamp(dx, Math.min(0, -x1), Math.max(0, w - x2));
    dy = clamp(dy, Math.min(0, -y1), Math.max(0, h - y2));
    const polygons = one.polygons && one.polygons.map((points) => points.map((value, i) => value + (i % 2 ? dy : dx)));
    return withChanges(one, { box: [x1 + dx, y1 + dy, x2 + dx, y2 + dy], polygons });
  }

  const HANDLES = [["x1", "y1"], [null, "y1"], ["x2", "y1"], ["x2", null], ["x2", "y2"], [null, "y2"], ["x1", "y2"], ["x1", null]];
  const CURSORS = ["nwse", "ns", "nesw", "ew", "nwse", "ns", "nesw", "ew"];

  function handlesOf({ box: [x1, y1, x2, y2] }) {  // eight points, clockwise from the first corner
    const sides = { x1, y1, x2, y2 };
    return HANDLES.map(([x, y]) => ({ x: x ? sides[x] : (x1 + x2) / 2, y: y ? sides[y] : (y1 + y2) / 2 }));
  }

  function resizeBox(one, handle, to) {  // a handle pulled to a point; pulled past the other side, the box turns over
    const [x, y] = HANDLES[handle], sides = { x1: one.box[0], y1: one.box[1], x2: one.box[2], y2: one.box[3] };
    if (x) sides[x] = to.x;
    if (y) sides[y] = to.y;
    return withChanges(one, { box: boxBetween({ x: sides.x1, y: sides.y1 }, { x: sides.x2, y: sides.y2 }) });
  }

  function editPolygon(one, part, change) {  // one polygon changed; the box follows
    const polygons = one.polygons.map((points, i) => (i === part ? change([...points]) : points)).filter((points) => points.length);
    return polygons.length ? withChanges(one, { polygons, box: bounds(polygons) }) : null;
  }
  const moveCorner = (one, part, n, to) => editPolygon(one, part, (points) => (points.splice(2 * n, 2, to.x, to.y), points));
  const insertCorner = (one, part, n, at) => editPolygon(one, part, (points) => (points.splice(2 * n, 0, at.x, at.y), points));
  function deleteCorner(one, part, n) {  // a polygon of two corners is none
    return editPolygon(one, part, (points) => (points.length > 6 ? (points.splice(2 * n, 2), points) : []));
  }
  const addPolygon = (one, points) => withChanges(one, { polygons: [...(one.polygons || []), points], box: bounds([...(one.polygons || []), points]) });

  function insidePolygon(points, { x, y }) {
    let inside = false;
    for (let i = 0, j = points.length - 2; i < points.length; j = i, i += 2) {
      const crosses = points[i + 1] > y !== points[j + 1] > y;
      if (crosses && x < ((points[j] - points[i]) * (y - points[i + 1])) / (points[j + 1] - points[i + 1]) + points[i]) inside = !inside;
    }
    return inside;
  }

  function contains(one, p, slack) {  // whether a point is on an object
    const [x1, y1, x2, y2] = one.box;
    if (p.x < x1 - slack || p.y < y1 - slack || p.x > x2 + slack || p.y > y2 + slack) return false;
    return !one.polygons || one.fixed || one.polygons.some((points) => insidePolygon(points, p)) || Boolean(edgeAt(one, p, slack));
  }
  const objectsAt = (objects, p, slack) => objects.filter((one) => contains(one, p, slack)).sort((a, b) => area(a) - area(b));  // the smallest first

  function cornerAt(one, p, slack) {  // {part, n} of the nearest corner
    let best = null, least = slack;
    (one.polygons || []).forEach((points, part) => {
      for (let n = 0; 2 * n < points.length; n++) {
        const far = Math.hypot(points[2 * n] - p.x, points[2 * n + 1] - p.y);
        if (far <= least) [best, least] = [{ part, n }, far];
      }
    });
    return best;
  }

  function edgeAt(one, p, slack) {  // {part, n} where a corner would be put in
    let best = null, least = slack;
    (one.polygons || []).forEach((points, part) => {
      const corners = points.length / 2;
      for (let n = 0; n < corners; n++) {
        const [ax, ay] = points.slice(2 * n, 2 * n + 2), next = (n + 1) % corners, [bx, by] = points.slice(2 * next, 2 * next + 2);
        const long = (bx - ax) ** 2 + (by - ay) ** 2, share = long ? clamp(((p.x - ax) * (bx - ax) + (p.y - ay) * (by - ay)) / long, 0, 1) : 0;
        const far = Math.hypot(ax + share * (bx - ax) - p.x, ay + share * (by - ay) - p.y);
        if (far <= least) [best, least] = [{ part, n: n + 1 }, far];
      }
    });
    return best;
  }

  function iou(a, b) {  // intersection over union of two boxes
    const w = Math.min(a.box[2], b.box[2]) - Math.max(a.box[0], b.box[0]), h = Math.min(a.box[3], b.box[3]) - Math.max(a.box[1], b.box[1]);
    return w > 0 && h > 0 ? (w * h) / (area(a) + area(b) - w * h) : 0;
  }
  const isNew = (proposal, objects) => !objects.some((one) => one.class === proposal.class && iou(one, proposal) >= IOU_SAME);

  function inReadingOrder(objects, imageHeight) {  // in rows from the top, each from the left
    const row = imageHeight / 12;
    const place = (one) => [Math.floor((one.box[1] + one.box[3]) / 2 / row), (one.box[0] + one.box[2]) / 2];
    return objects.map((one) => [place(one), one]).sort(([a], [b]) => a[0] - b[0] || a[1] - b[1]).map(([, one]) => one);
  }

  function clipTo(one, [w, h]) {  // an object of another image, cut at the borders of this one; null if it lies outside
    const cut = (points) => points.map((value, i) => clamp(value, 0, i % 2 ? h : w));
    const polygons = one.polygons && one.polygons.map(cut), box = polygons ? bounds(polygons) : cut(one.box);
    return box[2] - box[0] < 1 || box[3] - box[1] < 1 ? null : { ...one, box, polygons };
  }

  function copyOf(one) {  // a new object like this one
    const { uid, score, ...rest } = one;
    return rest.fixed ? { ...rest, id: null, fixed: false, polygons: null } : { ...rest, id: null };
  }
  const proposalKey = (one) => `${one.class} ${one.box.join(" ")}`;  // the same proposal, given again
  const isSameObject = (a, b) => a.class === b.class && a.box.every((value, i) => Math.abs(value - b.box[i]) < 1e-6);

  jumok.objects = { FLAGS, CURSORS, width, height, area, clamp, toObject, createObject, withChanges, acceptedObject, boxBetween, translate, handlesOf, resizeBox, moveCorner, insertCorner, deleteCorner, addPolygon, contains, objectsAt, iou, cornerAt, edgeAt, isNew, inReadingOrder, clipTo, copyOf, isSameObject, proposalKey, bounds };
})();
