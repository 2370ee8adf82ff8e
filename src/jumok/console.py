"""Output of the command line: messages to stderr, results to stdout."""

import json
import sys
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

DEFAULT_WIDTH = 110  # columns, where there is no terminal to ask


def __getattr__(name: str) -> "Console":
    """`talk`, the console of stderr, created on first use.

    It has no markup and no emoji, because texts of users and "train.tsv:100:" must be shown as they are.
    """
    if name != "talk":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from rich.console import Console

    made = Console(
        stderr=True,
        highlight=False,
        soft_wrap=True,
        markup=False,
        emoji=False,
        width=None if sys.stderr.isatty() else DEFAULT_WIDTH,
    )
    globals()[name] = made
    return made


def new_table(title: str, columns: Iterable[str], left: Collection[str] = ()) -> "Table":
    """An empty table; columns are flush right, but for those on the `left`.

    Args:
        title: The title.
        columns: The heads of the columns.
        left: The columns that are flush left.

    Returns:
        The table.
    """
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, justify="left" if column in left else "right")
    return table


def say(message: str) -> None:
    """Write a message to stderr."""
    if "talk" in globals():  # a table or a bar may be there, which the sentence must not tear
        globals()["talk"].print(message)
    else:
        sys.stderr.write(message + "\n")


def print_json(document: Any) -> None:
    """Write one JSON document to stdout."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")


def write_line(text: str) -> None:
    """Write one line of results to stdout."""
    sys.stdout.write(text + "\n")
