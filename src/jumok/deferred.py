"""Modules that are loaded when they are first used, for most commands never need them.

Torchvision takes six seconds of a processor, timm and matplotlib one each: nobody who translates should wait for them.
"""

from importlib import import_module
from typing import Any


class Deferred:
    """A module that is loaded when something in it is asked for."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __getattr__(self, what: str) -> Any:
        return getattr(import_module(self.name), what)
