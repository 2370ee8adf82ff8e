// Stretches of time of a series, or frames: of all channels together, or of each channel for itself.
"use strict";
(() => {
  const { t, Axis, clamp } = jumok;
  const ASPECT = 1.6;  // of a small map of all channels

  class IntervalAxis extends Axis {
    constructor(json, look) {
      super(json, look);
      this.channels = json.channels?.length ? json.channels : null;
      this.spans = json.intervals.slice(0, lengthOf(json.intervals, this.channels));
      this.each = this.spans.length;  // positions of one channel
      this.count = this.each * (this.channels?.length ?? 1);
      this.time = jumok.timeOf(this.input, json.unit);
      this.shapes = super.telling().map((i) => ({ text: this.label(i), joined: false, special: false }));
    }

    get grid() { return this.channels && this.each ? { rows: this.channels.length, columns: this.each, aspect: ASPECT } : null; }

    span(i) { return this.spans[i % this.each]; }  // the first step, and the one after the last

    channel(i) { return this.channels ? Math.floor(i / this.each) : null; }

    label(i) {
      const span = this.span(i);
      if (!span) return String(i + 1);
      return this.channels ? t("ofChannel", this.channels[this.channel(i)], this.time.short(...span)) : this.time.span(...span);
    }

    first() { return Math.floor(this.each / 2); }

    at(step, channel) {  // the position of a step: of several, the one whose middle is nearest; null where there is none
      let best = null, nearest = Infinity;
      this.spans.forEach(([first, end], n) => {
        const far = Math.abs((first + end) / 2 - step - 0.5);
        if (step >= first && step < end && far < nearest) [best, nearest] = [n, far];
      });
      return best === null ? null : best + (this.channels ? clamp(channel ?? 0, this.channels.length) * this.each : 0);
    }

    byTime(weights) {  // the weight of each stretch, of all its channels together
      return this.spans.map((_, n) => {
        let sum = 0;
        for (let i = n; i < this.count; i += this.each) sum += weights[i];
        return sum;
      });
    }

    moved(i, key) {
      if (i === null || !this.channels || key === "ArrowRight" || key === "ArrowLeft") {
        const first = i === null ? 0 : i - (i % this.each);
        return i === null ? 0 : first + clamp((i % this.each) + (key === "ArrowRight" || key === "ArrowDown" ? 1 : -1), this.each);
      }
      const next = i + (key === "ArrowDown" ? this.each : -this.each);
      return next < 0 || next >= this.count ? i : next;
    }
  }

  function lengthOf(intervals, channels) {  // of one channel, where the stretches of all are listed one after the other
    if (!channels || channels.length === 1) return intervals.length;
    const again = intervals.findIndex(([first], n) => n > 0 && first <= intervals[n - 1][0]);
    return again < 0 ? intervals.length : again;
  }

  jumok.axes.intervals = IntervalAxis;
})();
