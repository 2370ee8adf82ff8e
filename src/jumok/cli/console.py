"""What the command line says, and where."""

import json
import sys
from typing import Any

from rich.console import Console

WIDE = 110  # columns, where there is no terminal to ask

# without markup and emoji: in people's texts and in "train.tsv:100:" they are no such thing
talk = Console(
    stderr=True,
    highlight=False,
    soft_wrap=True,
    markup=False,
    emoji=False,
    width=None if sys.stderr.isatty() else WIDE,
)


def say(message: str) -> None:
    """A sentence on stderr."""
    talk.print(message)


def print_json(document: Any) -> None:
    """One JSON document on stdout."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")


def write_line(text: str) -> None:
    """One line of results on stdout."""
    sys.stdout.write(text + "\n")
