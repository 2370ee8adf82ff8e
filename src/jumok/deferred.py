"""Modules that are imported on first use.

Torch takes two seconds of a processor, torchvision six, timm and matplotlib one each: `--help` should not wait for
the first one, and a translation not for the others.
"""

import sys
from collections.abc import Callable, Collection, Mapping
from importlib import import_module
from typing import Any

from jumok.errors import ConfigurationError


class Deferred:
    """A module that is imported when one of its attributes is used."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __getattr__(self, what: str) -> Any:
        return getattr(import_module(self.name), what)


def import_extra(module: str, extra: str, purpose: str) -> Any:
    """Import a module that comes with an extra.

    Args:
        module: The name of the module.
        extra: The extra of ours that installs it.
        purpose: What needs it, for the message.

    Returns:
        The module.

    Raises:
        ConfigurationError: The extra is not installed.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError:
        raise ConfigurationError(
            f"{purpose} needs the package {module}, which is not installed; install it: "
            f"pip install 'jumok[{extra}]'"
        ) from None


def lazy_names(
    package: str, exports: Mapping[str, Collection[str]], modules: Collection[str] = ()
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The `__getattr__` and `__dir__` of a package whose public names are imported on first use (PEP 562).

    Args:
        package: Name of the package.
        exports: The names by the module that defines them.
        modules: Names of modules in the package.

    Returns:
        `__getattr__` and `__dir__`.
    """

    places = {name: module for module, names in exports.items() for name in names}

    def load(name: str) -> Any:
        if name in modules:
            return import_module(f"{package}.{name}")
        if name not in places:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(places[name]), name)
        setattr(sys.modules[package], name, value)
        return value

    def listed() -> list[str]:
        return sorted({*vars(sys.modules[package]), *places, *modules})

    return load, listed
