// Does it matter? What was looked at is hidden, and so are random positions; and the check of the weights.
"use strict";
(() => {
  const { el, svg, t, said, signed, small, announce, choices } = jumok;
  const MANY = [1, 2, 3, 10, 30];  // positions that are hidden
  const NARROW = 0.1;  // changes that hardly count are not drawn as if they were large
  const SIGNS = { yes: "●", no: "○", unclear: "◐" };

  class Verdict {
    constructor({ source, path, settings, keys }) {
      Object.assign(this, { source, path, settings });
      settings.k ||= 3;
      const fitting = MANY.filter((k) => k === 1 || 2 * k + 2 <= keys.count).filter((k) => k !== 2 || keys.count < 8);  // of few keys, few
      this.k = fitting.includes(settings.k) ? settings.k : fitting.at(-1);
      this.button = el("button", { type: "button", class: "test", text: t("test"), onclick: () => this.test() });
      this.scope = el("p", { class: "quiet" });
      this.answer = el("div", { class: "verdict" });
      this.node = el("section", { class: "card matter" }, el("h3", { text: t("matter") }), el("p", { class: "quiet", text: t("matterHelp") }), this.scope,
        this.bar = el("div", { class: "bar" }, this.button, el("span", { class: "quiet", text: t("hide") }), this.many = choices(t("many"), fitting.map((k) => [k, k]), this.k, (k) => {
          settings.k = this.k = Number(k);
          this.ask(this.plain);
        })), this.answer);
      this.ask(null);
    }

    ask(query) {  // {query, layer?, head?}, what the button tests; an answer that is known is shown
      this.plain = query;
      query = query && this.k !== 3 ? { ...query, k: this.k } : query;
      this.asked = query;
      this.button.disabled = !query || Boolean(this.working);
      this.scope.textContent = !query ? t("scopeNone") : query.layer === undefined ? t("scopeAll") : t("scopeHead", query.layer + 1, query.head + 1);
      const known = query && (this.source.known(this.path("test", query)) || this.source.embedded?.details?.[this.path("test", query)]);
      if (!this.source.live) {
        this.button.hidden = true;
        this.bar.hidden = !["1", "2", "10", "30"].some((k) => Object.keys(this.source.embedded.details || {}).some((path) => path.endsWith(`k=${k}`)));
        if (!known) this.answer.replaceChildren(el("p", { class: "quiet", text: t(this.source.embedded.document?.test === "python" ? "testInPython" : "notOffline") }));
      }
      if (known) this.show(known);
      else if (this.source.live && !this.working) this.answer.replaceChildren();
    }

    async test() {
      const asked = this.asked, path = this.path("test", asked);
      this.working = true;
      this.button.disabled = true;
      this.button.setAttribute("aria-busy", "true");
      this.button.textContent = t("testing");
      let wrong = null;
      try {
        const verdict = await this.source.post(path);
        announce(said(verdict.text));
      } catch (error) {
        wrong = error.message;
      }
      this.working = false;
      this.button.removeAttribute("aria-busy");
      this.button.textContent = t("test");
      this.ask(this.plain);
      if (wrong && this.asked === asked) this.answer.replaceChildren(el("p", { class: "wrong", role: "alert", text: wrong }));
    }

    show(verdict) {
      const lines = [];
      if (verdict.head_off) lines.push(t("headOff")[measureOf(verdict)](numberOf(verdict)(verdict.head_off.change)));
      if (verdict.gradient && Number.isFinite(verdict.gradient.rank_correlation)) lines.push(t("gradient", verdict.gradient.rank_correlation.toFixed(2)));
      this.answer.replaceChildren(
        el("p", { class: `pill ${verdict.matters}` }, el("span", { "aria-hidden": "true", text: `${SIGNS[verdict.matters]} ` }), t("matters")[verdict.matters]),
        el("p", { text: said(verdict.text) }), dots(verdict), ...lines.map((text) => el("p", { class: "quiet number", text })));
    }
  }

  const measureOf = (verdict) => verdict.measure ?? "log-probability";  // of a file that was saved before there were others

  function numberOf(verdict) {  // how a change is written: a distance has no sign
    return measureOf(verdict) === "distance" ? (change) => signed(Math.abs(change)).replace("+", "") : signed;
  }

  function dots(verdict) {  // a dot for each random draw, and one for what was looked at most
    const width = 320, height = 88, left = 14, right = 14, line = 46;
    const number = numberOf(verdict), far = measureOf(verdict) === "distance", of = (change) => (far && Number.isFinite(change) ? Math.abs(change) : change);
    const changes = verdict.random.changes.map(of), topmost = of(verdict.top.change);
    const [low, high] = [verdict.random.low, verdict.random.high].map(of).sort((a, b) => a - b);
    const values = [...changes, topmost, low, high, far ? 0 : -NARROW, NARROW].filter(Number.isFinite);
    const least = Math.min(...values), most = Math.max(...values), room = (most - least || 1) * 0.06;
    const x = (value) => left + ((value - least + room) / (most - least + 2 * room)) * (width - left - right);
    const marks = ticks(least, most).map((value) => svg("g", { class: "tick" },
      svg("line", { x1: x(value), x2: x(value), y1: line + 16, y2: line + 20 }), svg("text", { x: x(value), y: line + 33, "text-anchor": "middle" }, number(value))));
    const bin = (change) => Math.round(x(change) / 6), count = new Map(), stack = new Map();
    for (const change of changes) count.set(bin(change), (count.get(bin(change)) || 0) + 1);
    const random = changes.map((change) => {
      const n = stack.get(bin(change)) || 0, apart = Math.min(5, 24 / count.get(bin(change)));  // many stand closer
      stack.set(bin(change), n + 1);
      return svg("circle", { class: "random", cx: x(change).toFixed(1), cy: (line + (n % 2 ? -1 : 1) * Math.ceil(n / 2) * apart).toFixed(1), r: 3 });
    });
    const top = x(topmost);
    const label = `${t("topDot", verdict.k)}: ${number(topmost)}; ${t(verdict.every ? "everyDot" : "randomDot", verdict.k, changes.length)}: ${number(verdict.random.mean)}`;
    return el("figure", { class: "dots" }, svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label },
      Number.isFinite(low) && Number.isFinite(high) ? svg("rect", { class: "band", x: x(low), width: Math.max(2, x(high) - x(low)), y: line - 16, height: 32, rx: 4 }) : null,
      svg("line", { class: "axis", x1: left, x2: width - right, y1: line + 16, y2: line + 16 }),
      svg("line", { class: "zero", x1: x(0), x2: x(0), y1: line - 18, y2: line + 16 }),
      ...marks, ...random, svg("path", { class: "top", d: `M${top} ${line - 7}l7 7l-7 7l-7 -7z` }),
      svg("text", { class: "name", x: Math.max(60, Math.min(width - 60, top)), y: 14, "text-anchor": "middle" }, number(topmost))),
    el("figcaption", { class: "quiet" }, el("span", { class: "sign top", text: t("topDot", verdict.k) }), el("span", { class: "sign random", text: t(verdict.every ? "everyDot" : "randomDot", verdict.k, changes.length) }),
      el("span", { text: t("changeOf")[measureOf(verdict)] })));
  }

  function ticks(least, most) {
    const span = most - least || 1, raw = span / 3, power = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= raw);
    const found = [];
    for (let value = Math.ceil(least / step) * step; value <= most + step * 1e-6; value += step) found.push(Math.abs(value) < step * 1e-6 ? 0 : value);
    return found;
  }

  async function badge(source, path, node) {  // whether weights · values are what the kernel gave
    try {
      const check = await source.get(path("check"));
      node.classList.toggle("bad", check.holds !== true);
      node.hidden = false;
      if (check.holds === null) {
        node.replaceChildren(el("span", { "aria-hidden": "true", text: "! " }), t("unchecked"));
        node.title = t("uncheckedTitle");
        return;
      }
      node.replaceChildren(...[el("span", { "aria-hidden": "true", text: check.holds ? "✓ " : "! " }),
        check.holds ? t("check") : t("checkBad", small(check.error)), check.holds ? el("span", { class: "number", text: ` · ${t("checkError", small(check.error))}` }) : null,
        check.unchecked ? ` · ${t("someUnchecked", check.unchecked)}` : null].filter(Boolean));
      node.title = t("checkTitle", small(check.most)) + (check.unchecked ? ` ${t("uncheckedTitle")}` : "");
    } catch {
      node.hidden = true;
    }
  }

  Object.assign(jumok, { Verdict, badge });
})();
