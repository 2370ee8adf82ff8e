"""Variants of one experiment, from texts like "model.width=128,256"."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from jumok.errors import ConfigurationError
from jumok.experiment.loader import parse_yaml
from jumok.experiment.space import overrides_of

EXAMPLE = "--vary inputs.german.encoder.kind=gru,transformer"


@dataclass(frozen=True)
class Variation:
    """A variant: its name and its settings."""

    name: str
    values: Mapping[str, Any]

    @property
    def overrides(self) -> list[str]:
        """The settings as arguments of `--set`; JSON is YAML."""
        return overrides_of(self.values)

    @property
    def folder(self) -> str:
        """The name as a folder name."""
        return re.sub(r"[^\w.+-]+", "-", self.name).strip("-")


def variations(texts: Sequence[str], paired: bool = False) -> list[Variation]:
    """All combinations of "KEY=V1,V2" texts; with `paired`, the first values together, then the second ones, and so on.

    Values are YAML: `outputs.english.decoder={kind: gru, attention: none},{kind: transformer}` has two.
    """
    if not texts:
        raise ConfigurationError(f"nothing to compare: name what varies, like {EXAMPLE}")
    given = [parse_vary(text) for text in texts]
    keys = [key for key, _ in given]
    if len(set(keys)) < len(keys):
        raise ConfigurationError(
            f"--vary: {max(keys, key=keys.count)!r} is varied twice; put its values together"
        )
    if paired and len({len(values) for _, values in given}) > 1:
        counts = ", ".join(f"{key} has {len(values)}" for key, values in given)
        raise ConfigurationError(f"--paired needs as many values for each key; {counts}")
    columns = [values for _, values in given]
    rows = list(zip(*columns, strict=True)) if paired else list(product(*columns))
    found = [Variation(model_title(keys, row), dict(zip(keys, row, strict=True))) for row in rows]
    if len({v.folder for v in found}) < len(found):
        raise ConfigurationError("--vary: two of the models would be equal; give each value once")
    return found


def parse_vary(text: str) -> tuple[str, list[Any]]:
    """The key and values of `--vary KEY=VALUE,VALUE`."""
    key, equals, values = text.partition("=")
    try:
        parsed, _ = parse_yaml(f"[{values}]", "values")
    except ConfigurationError as error:
        raise ConfigurationError(f"--vary {text!r}: {error}") from None
    if not equals or not key.strip() or not parsed:
        raise ConfigurationError(f"--vary {text!r}: expected KEY=VALUE,VALUE, like {EXAMPLE}")
    return key.strip(), parsed


def model_title(keys: Sequence[str], values: Sequence[Any]) -> str:
    """The title of a variant, without repeated values: gru; width 128, gru."""
    words = [setting_title(key.rpartition(".")[2], value) for key, value in zip(keys, values, strict=True)]
    return ", ".join(dict.fromkeys(words))


def setting_title(name: str, value: Any) -> str:
    """A setting as a short title, such as "layers 2"."""
    if isinstance(value, dict):
        return ", ".join(setting_title(str(inner), value[inner]) for inner in value) or "defaults"
    return str(value) if name == "kind" else f"{name.replace('_', ' ')} {value}"
