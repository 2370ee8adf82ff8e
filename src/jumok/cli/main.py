"""The command `jumok`: its subcommands, and what becomes of errors."""

import sys

import typer

from jumok.cli import check, compare, convert, demo, evaluate, new, predict, report, train
from jumok.cli.console import say
from jumok.errors import JumokError
from jumok.training import Interrupted

app = typer.Typer(
    name="jumok",
    help="Encoder-decoder models from examples: train, score and use them.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)
for module in (new, check, convert, train, evaluate, predict, compare, report, demo):
    module.add_to(app)

DONE, FAILED, USER_ERROR = 0, 1, 2


def main(arguments: list[str] | None = None) -> None:
    """Run a command line; exit status 0 done, 2 the input is at fault (one sentence), 1 anything else."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8")  # whatever the locale: texts are in all languages
    try:
        app(arguments)  # says itself what a command line lacks, and exits
    except JumokError as error:
        say(f"error: {error}")
        sys.exit(USER_ERROR)
    except Interrupted as stop:
        say(str(stop))
        sys.exit(FAILED)
    except SystemExit as end:  # typer has statuses of its own for Ctrl-C
        sys.exit(end.code if end.code in (DONE, USER_ERROR) else FAILED)
