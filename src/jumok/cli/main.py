"""The command `jumok`: its subcommands, and what becomes of errors."""

import sys
from contextlib import suppress

import typer

from jumok.cli import check, compare, convert, demo, evaluate, look, new, predict, report, train
from jumok.cli.console import say
from jumok.errors import JumokError
from jumok.training import Interrupted, follow, joined, leave, send_away, tune_process

app = typer.Typer(
    name="jumok",
    help="Encoder-decoder models from examples: train, score and use them.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)
for module in (new, check, convert, train, evaluate, predict, look, compare, report, demo):
    module.add_to(app)

DONE, FAILED, USER_ERROR = 0, 1, 2


def main(arguments: list[str] | None = None) -> None:
    """Run a command line; exit status 0 done, 2 the input is at fault (one sentence), 1 anything else.

    Of several processes, the first one does it; the others take part in its trainings.
    """
    tune_process()
    if joined().is_first:
        status = lead(arguments)
        send_away()
    else:
        status = DONE
        with suppress(KeyboardInterrupt):
            follow()
    leave()
    sys.exit(status)


def lead(arguments: list[str] | None) -> int:
    """Run a command line and say what went wrong; its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8")  # whatever the locale: texts are in all languages
    try:
        app(arguments)  # says itself what a command line lacks, and exits
    except JumokError as error:
        say(f"error: {error}")
        return USER_ERROR
    except Interrupted as stop:
        say(str(stop))
        return FAILED
    except SystemExit as end:  # typer has statuses of its own for Ctrl-C
        return int(end.code or DONE) if end.code in (None, DONE, USER_ERROR) else FAILED
    return DONE
