"""Numbers and times as text for people."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime

UNDEFINED = "–"
HUNDREDS = ("bleu", "bleu_lowercase", "chrf")  # metrics of 0 to 100
OWN_UNITS = ("mae", "rmse", "r2", "interval_width", "scaled_error", "log_loss")  # the others are shares

METRIC_NAMES = {
    "bleu": "BLEU",
    "bleu_lowercase": "BLEU, lower-cased",
    "chrf": "chrF",
    "exact_match": "exact match",
    "token_accuracy": "token accuracy",
    "token_error_rate": "token error rate",
    "word_error_rate": "word error rate",
    "AP_small": "AP, small objects",
    "AP_medium": "AP, medium objects",
    "AP_large": "AP, large objects",
    "mean_iou": "mean IoU",
    "iou": "IoU",
    "balanced_accuracy": "balanced accuracy",
    "f1": "F1",
    "auroc": "AUROC",
    "ece": "expected calibration error",
    "log_loss": "log loss",
    "mae": "MAE",
    "rmse": "RMSE",
    "r2": "R²",
    "interval_width": "width of intervals",
    "scaled_error": "error in standard deviations",
}


def plain_name(name: str) -> str:
    """A metric without its class, and without the output that it is of where there are several."""
    return name.partition("/")[0].rpartition(".")[2]


def metric_name(name: str) -> str:
    """The usual spelling of a metric, after the output that it is of where there are several: "english BLEU"."""
    output, point, metric = name.rpartition(".")
    if point and output.isidentifier():
        return f"{output} {metric_name(metric)}"
    return METRIC_NAMES.get(name, name.replace("_", " "))


def format_score(name: str, value: float | None) -> str:
    """A score as it is usually written: BLEU 38.6, MAE 0.1234, shares in percent; a dash if it is undefined."""
    if value is None or math.isnan(value):
        return UNDEFINED
    if plain_name(name) in OWN_UNITS:
        return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"
    return f"{value:.2f}" if plain_name(name) in HUNDREDS else f"{100 * value:.2f} %"


def interval(name: str, bounds: Mapping[str, float | None]) -> str:
    """The bounds of a score with one unit: 0.10 – 0.60 %; empty if they are undefined."""
    low, high = format_score(name, bounds["low"]), format_score(name, bounds["high"])
    return "" if UNDEFINED in (low, high) else f"{low.removesuffix(' %')} – {high}"


def scale(name: str) -> tuple[float, str]:
    """The factor and the unit of a metric on an axis."""
    return (1.0, "") if plain_name(name) in (*HUNDREDS, *OWN_UNITS) else (100.0, " (%)")


def count(number: int) -> str:
    """A whole number with separators: 1,104."""
    return f"{number:,}"


def span(began: str | None, ended: str | None) -> str:
    """A period: 2026-11-27, 04:49:23 to 04:51:05 UTC (1:42 min); as far as it is known."""
    start, end = read_time(began), read_time(ended)
    if start is None:
        return ""
    if end is None:
        return f"began {start:%Y-%m-%d, %H:%M:%S} UTC"
    if end == start:
        return f"{start:%Y-%m-%d, %H:%M:%S} UTC"
    until = f"{end:%H:%M:%S}" if end.date() == start.date() else f"{end:%Y-%m-%d, %H:%M:%S}"
    return f"{start:%Y-%m-%d, %H:%M:%S} to {until} UTC ({duration((end - start).total_seconds())})"


def read_time(text: str | None) -> datetime | None:
    """A time stored in a file, in UTC; None if it is none."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC) if text else None
    except (ValueError, OverflowError):
        return None


def duration(seconds: float) -> str:
    """Seconds as text: 45 s, 3:05 min, 1:05:00 h."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02}:{whole % 60:02} h" if hours else f"{minutes}:{whole % 60:02} min"


def format_size(parameters: int) -> str:
    """A count of parameters: 611 k, 7.6 M."""
    return f"{parameters / 1e6:.1f} M" if parameters >= 1e6 else f"{parameters / 1e3:.0f} k"


def format_speed(per_second: float) -> str:
    """A rate per second with three digits: 3.42, 34.2, 6,530."""
    if per_second >= 100:
        return f"{float(f'{per_second:.3g}'):,.0f}"
    return f"{per_second:#.3g}"
