"""The space that a sweep searches: `sweep:` in a file, or texts like "training.learning_rate=[1e-4, 3e-3, log]"."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jumok.errors import ConfigurationError
from jumok.experiment.loader import parse_yaml

EXAMPLE = "training.learning_rate=[1e-4, 3e-3, log]"
SCALES = ("log", "linear")
DIGITS = 3  # of a number that is drawn from a range


@dataclass(frozen=True)
class Range:
    """All numbers from `low` to `high`, both inclusive; whole ones where both bounds are whole."""

    key: str
    low: float
    high: float
    is_log: bool

    @property
    def is_whole(self) -> bool:
        """Whether only whole numbers are meant."""
        return isinstance(self.low, int) and isinstance(self.high, int)

    @property
    def samples(self) -> list[Any]:
        """The values by which the range is checked: its bounds."""
        return [self.low, self.high]

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g}{', log' if self.is_log else ''}"


@dataclass(frozen=True)
class Choices:
    """Some values, any of YAML's, without an order."""

    key: str
    values: tuple[Any, ...]

    @property
    def samples(self) -> list[Any]:
        """The values by which the choices are checked: all."""
        return list(self.values)

    def __str__(self) -> str:
        return ", ".join(json.dumps(value, ensure_ascii=False) for value in self.values)


Dimension = Range | Choices
Space = tuple[Dimension, ...]


def parse_space(given: Mapping[str, Any]) -> Space:
    """The space that is written as keys and lists; raises ConfigurationError.

    `[1e-4, 3e-3, log]` and `[0.0, 0.3, linear]` are ranges, `[64, 128, 256]` are choices.
    """
    if not given:
        raise ConfigurationError(f"there is nothing to search; name an option and its values, like {EXAMPLE}")
    return tuple(parse_dimension(key, values) for key, values in given.items())


def parse_dimension(key: str, values: Any) -> Dimension:
    """An option and its values; raises ConfigurationError."""
    if not isinstance(values, list) or len(values) < 2:
        raise ConfigurationError(f"{key}: expected a list of values, or a range, like {EXAMPLE}")
    if values[-1] in SCALES:
        return parse_range(key, values)
    texts = [json.dumps(value, sort_keys=True) for value in values]
    if twice := next((text for text in texts if texts.count(text) > 1), None):
        raise ConfigurationError(f"{key}: {twice} is given twice; remove one")
    return Choices(key, tuple(values))


def parse_range(key: str, values: Sequence[Any]) -> Range:
    """A range of numbers, of which the scale is written last; raises ConfigurationError."""
    *bounds, scale = values
    if len(bounds) != 2 or not all(is_bound(bound) for bound in bounds):
        raise ConfigurationError(f"{key}: expected [LOW, HIGH, {scale}] with two numbers; got {list(values)}")
    low, high = bounds
    if not low < high:
        raise ConfigurationError(f"{key}: the range ends before it begins ({low:g} to {high:g}); swap them")
    if scale == "log" and low <= 0:
        raise ConfigurationError(
            f"{key}: a range of scale log has numbers above 0; got {low:g}; begin above 0, or say linear"
        )
    return Range(key, low, high, scale == "log")


def is_bound(value: Any) -> bool:
    """Whether it is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def parse_texts(texts: Sequence[str]) -> dict[str, Any]:
    """The keys and lists of `--space KEY=[...]`; raises ConfigurationError."""
    found: dict[str, Any] = {}
    for text in texts:
        key, equals, values = text.partition("=")
        if not equals or not key.strip():
            raise ConfigurationError(f"--space {text!r}: expected KEY=[VALUE, VALUE], like {EXAMPLE}")
        if key.strip() in found:
            raise ConfigurationError(f"--space: {key.strip()!r} is given twice; put its values together")
        try:
            found[key.strip()], _ = parse_yaml(values, "value")
        except ConfigurationError as error:
            raise ConfigurationError(f"--space {text!r}: {error}") from None
    return found


def overrides_of(values: Mapping[str, Any]) -> list[str]:
    """Settings as arguments of `--set`; JSON is YAML."""
    return [f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in values.items()]
