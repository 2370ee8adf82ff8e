"""The options of an input or output of any kind."""

from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union

from pydantic import Discriminator, Tag

from jumok.kinds.options import InputFieldOptions, OutputFieldOptions
from jumok.kinds.packages import KINDS


def kind_of(options: Any) -> str:
    """The kind of the options; text by default."""
    kind = options.get("kind", "text") if isinstance(options, dict) else getattr(options, "kind", "text")
    return str(kind)


def options_of(side: Literal["INPUT", "OUTPUT"]) -> Any:
    """The options of all kinds that can be an input, or an output, distinguished by `kind:`."""
    modules = {kind: import_module(f"{package}.options") for kind, package in KINDS.items()}
    known = [Annotated[getattr(m, side), Tag(kind)] for kind, m in modules.items() if hasattr(m, side)]
    return Annotated[Union[tuple(known)], Discriminator(kind_of)]  # noqa: UP007 - made at run time


if TYPE_CHECKING:
    InputOptions = InputFieldOptions
    OutputOptions = OutputFieldOptions
else:
    InputOptions, OutputOptions = options_of("INPUT"), options_of("OUTPUT")
