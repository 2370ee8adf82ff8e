// Time steps in words: in seconds where the rate is known, as the data say where times are given, else by number.
"use strict";
(() => {
  const { t, brief } = jumok;

  class Steps {  // by number from 0, as the ticks
    at(step) { return t("stepNumber", Math.floor(step)); }

    span(first, end) { return end - first <= 1 ? this.at(first) : t("stepSpan", first, end - 1); }

    tick(step) { return String(Math.round(step)); }

    get scale() { return 1; }  // steps in one unit of the ticks
  }

  class Frames extends Steps {  // counted from 1
    at(step) { return t("frameNumber", Math.floor(step) + 1); }

    span(first, end) { return end - first <= 1 ? this.at(first) : t("frameSpan", first + 1, end); }

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

    tick(step) { return brief(step / this.rate); }

    get scale() { return this.rate; }
  }

  class Times extends Steps {  // one for each step, numbers or texts
    constructor(times) {
      super();
      this.times = times.map((time) => (typeof time === "number" ? brief(time) : String(time)));
    }

    at(step) { return this.times[Math.min(this.times.length - 1, Math.floor(step))] ?? super.at(step); }

    span(first, end) { return end - first <= 1 ? this.at(first) : `${this.at(first)} – ${this.at(end - 1)}`; }

    tick(step) { return this.at(Math.max(0, Math.round(step))); }
  }

  function timeOf(input, unit = "step") {  // of an input as a look has it
    if (unit === "frame" || input?.kind === "frames") {
      return input?.seconds?.length ? new Times(input.seconds.map((s) => t("seconds", brief(s)))) : new Frames();
    }
    if (input?.rate) return new Seconds(input.rate);
    return input?.times?.length && input.times.length >= input.length ? new Times(input.times) : new Steps();
  }

  jumok.timeOf = timeOf;
})();
