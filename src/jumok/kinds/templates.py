"""What a new experiment file says of a field, and how a kind shows made-up examples.

A kind may have a module `template` with `INPUT_TEMPLATE`, `OUTPUT_TEMPLATE`, or both; of others a new file says the
kind alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from jumok.kinds.made_up import MadeUp
from jumok.kinds.options import FieldOptions
from jumok.kinds.packages import KINDS

FieldSide = Literal["INPUT", "OUTPUT"]


@dataclass(frozen=True)
class Template:
    """An entry of `inputs:` or `outputs:` in a new experiment file."""

    usual_name: str  # of such a field
    entry: str  # YAML, with {name} and, for what goes on with a series, {past}
    small: str | None = (
        None  # the same for made-up examples, where the entry would need a download or minutes
    )
    # the cell of a made-up example in a table; its file, if it has one, is written below a folder
    cell: Callable[[MadeUp, Path], str] | None = None
    goes_on: bool = False  # whether it answers the steps that follow a series


def known_kinds(side: FieldSide) -> tuple[str, ...]:
    """The kinds that can be an input, or an output."""
    return tuple(kind for kind in KINDS if hasattr(import_module(f"{KINDS[kind]}.options"), side))


def options_class(kind: str, side: FieldSide) -> type[FieldOptions]:
    """The class of the options of a kind."""
    found: type[FieldOptions] = getattr(import_module(f"{KINDS[kind]}.options"), side)
    return found


def template_of(kind: str, side: FieldSide) -> Template:
    """The template of a kind, a plain one if it has none of its own."""
    module = f"{KINDS[kind]}.template"
    plain = Template(kind, f"  {{name}}: {{{{kind: {kind}}}}}\n")
    if find_spec(module) is None:
        return plain
    found: Template = getattr(import_module(module), f"{side}_TEMPLATE", plain)
    return found
