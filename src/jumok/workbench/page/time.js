// Time steps in words: in seconds where the rate is known, as the data say where times are given, else by number.
"use strict";
(() => {
  const { t, brief } = jumok;

  class Steps {  // by number from 0, as the ticks
    at(step) { return t("stepNumber", Math.floor(step)); }

    span(first, end) { return end - first <= 1 ? this.at(first) : t("stepSpan", first, end - 1); }

    short(first, end) { return end - first <= 1 ? String(first) : `${first}–${end - 1}`; }

    tick(step) { return String(Math.round(step)); }

    get scale() { return 1; }  // steps in one unit of the ticks

    get wide() { return 110; }  // pixels between two ticks, about
  }

  class Frames extends Steps {  // counted from 1
    at(step) { return t("frameNumber", Math.floor(step) + 1); }

    span(first, end) { return end - first <= 1 ? this.at(first) : t("frameSpan", first + 1, end); }

    short(first, end) { return super.short(first + 1, end + 1); }

    tick(step) { return String(Math.round(step) + 1); }
  }

  class Seconds extends Steps {
    constructor(rate) {
      super();
      this.rate = rate;
    }

    digits() { return Math.max(0, Math.min(4, Math.ceil(Math.log10(this.rate)))); }

    seconds(step) { return (step / this.rate).toFixed(this.digits()); }

    at(step) { return t("seconds", this.seconds(Math.floor(step))); }

    span(first, end) { return t("seconds", `${this.seconds(first)}–${this.seconds(end)}`); }

    short(first, end) { return this.span(first, end); }

    tick(step) { return brief(step / this.rate); }

    get scale() { return this.rate; }
  }

  class Times extends Steps {  // one for each step, numbers or texts
    constructor(times, steps, said = datesShort) {
      super();
      this.steps = steps;
      const digits = Math.max(...times.map((time) => (typeof time === "number" ? (brief(time).split(".")[1] ?? "").length : 0)));
      this.times = times.map((time) => said(typeof time === "number" ? time.toFixed(digits) : String(time)));
    }

    at(step) {  // that of the last point up to a step
      const wanted = Math.floor(step);
      const at = this.steps ? this.steps.findLastIndex((one) => one <= wanted) : wanted;
      return this.times[Math.max(0, Math.min(this.times.length - 1, at))] ?? super.at(step);
    }

    get wide() { return 150; }

    span(first, end) {  // of one day, the day once
      const [from, to] = [this.at(first), this.at(end - 1)], day = /^\d{4}-\d\d-\d\d /;
      if (end - first <= 1) return from;
      return `${from} – ${day.test(to) && to.slice(0, 11) === from.slice(0, 11) ? to.slice(11) : to}`;
    }

    short(first, end) { return this.span(first, end); }

    tick(step) { return this.at(Math.max(0, Math.round(step))); }
  }

  const datesShort = (time) => time.replace("T", " ").replace(/(\.0+)$/, "").replace(/(:\d\d):00$/, "$1");  // 2016-07-01 05:00

  function timeOf(input, unit = "step") {  // of an input as a look has it
    if (unit === "frame" || input?.kind === "frames") {
      return input?.seconds?.length ? new Times(input.seconds, null, (s) => t("seconds", s)) : new Frames();
    }
    if (input?.rate) return new Seconds(input.rate);
    return input?.times?.length ? new Times(input.times, input.times.length < input.length ? input.steps : null) : new Steps();
  }

  jumok.timeOf = timeOf;
})();
