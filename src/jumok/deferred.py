"""Modules that are loaded when they are first used, for most commands never need them.

Torch takes two seconds of a processor, torchvision six, timm and matplotlib one each: nobody who asks for help should
wait for the first one, and nobody who translates for the others.
"""

import sys
from collections.abc import Callable, Collection, Mapping
from importlib import import_module
from typing import Any


class Deferred:
    """A module that is loaded when something in it is asked for."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __getattr__(self, what: str) -> Any:
        return getattr(import_module(self.name), what)


def lazy_names(
    package: str, places: Mapping[str, str], modules: Collection[str] = ()
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The `__getattr__` and `__dir__` of a package whose public names are loaded when they are first used (PEP 562).

    `places` says of each name which module defines it; `modules` are names of modules in the package.
    """

    def load(name: str) -> Any:
        if name in modules:
            return import_module(f"{package}.{name}")
        if name not in places:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(places[name]), name)
        setattr(sys.modules[package], name, value)
        return value

    def names() -> list[str]:
        return sorted({*vars(sys.modules[package]), *places, *modules})

    return load, names
