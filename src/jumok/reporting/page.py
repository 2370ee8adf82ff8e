"""One self-contained HTML file from a template in this folder."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from jumok.reporting.numbers import (
    count,
    duration,
    format_score,
    format_size,
    format_speed,
    interval,
    metric_name,
)

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = ("base.html", "run.html", "comparison.html", "sweep.html", "learning_curve.html", "mistakes.html")


def render(template: str, values: Mapping[str, Any]) -> str:
    """Fill a template; SVG values must come from `plots.svg`."""
    return _environment().get_template(template).render(values)


@cache  # with its templates, which take longer to compile than to fill
def _environment() -> "Environment":
    from jinja2 import DictLoader, Environment, StrictUndefined
    from markupsafe import Markup

    folder = files("jumok.reporting") / "templates"
    loader = DictLoader({name: (folder / name).read_text(encoding="utf-8") for name in TEMPLATES})
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters |= {
        "duration": duration,
        "metric_name": metric_name,
        "size": format_size,
        "speed": format_speed,
        "count": count,
        "flow": flow,
        "detail": detail,
        "safe_svg": Markup,
    }
    environment.globals |= {"score": format_score, "interval": interval}
    return environment


def detail(value: Any) -> str:
    """A number of a detailed table: whole numbers are counts, others shares."""
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{100 * value:.1f} %"


def flow(value: Any) -> str:
    """A value as YAML in one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {flow(inner)}" for key, inner in value.items()) + "}"
    return str(value)
