"""The command `jumok`: its subcommands, and the handling of errors."""

import os
import sys
from contextlib import suppress
from typing import Annotated

import typer

from jumok.cli import (
    check,
    compare,
    convert,
    demo,
    evaluate,
    export,
    label,
    look,
    new,
    predict,
    prove,
    reference,
    report,
    runs,
    serve,
    sweep,
    train,
)
from jumok.cli.help import Command, Group
from jumok.cli.mistakes import lost_process, refuse_no_text, sentence_of
from jumok.console import say
from jumok.errors import Interrupted, JumokError
from jumok.machine import is_one_of_several, tune_process
from jumok.runs.layout import REPORT

GROUPS = {
    "Try it": {
        demo: "Train a model on a small real task, in minutes",
    },
    "Your own data": {
        new: "Write an experiment file to start from",
        check: "Read all data and say what is wrong with them",
        label: "Label in a browser: boxes, masks, classes, texts",
        convert: "Convert annotated images: COCO, VOC, YOLO, masks",
        train: "Train a model, score it, keep all in a run folder",
        reference: "Tell all options of an experiment file",
        compare: "Train variants and set them side by side",
        sweep: "Search the best options, and tell what is noise",
    },
    "Trained models": {
        predict: "Answer inputs: texts, images, files, standard input",
        look: "See in a browser what a model looks at",
        serve: "Serve models over HTTP, safely under load",
        evaluate: "Score a run with intervals; compare it with another",
        export: "Take a model to another runtime, with proof",
        report: f"Write the page {REPORT} of a run again",
        runs: "List runs with score, date and size",
        prove: "Prove that trainings survive kills and full disks",
    },
}

app = typer.Typer(
    name="jumok",
    cls=Group,
    help="Encoder-decoder models from examples: train, score and use them.",
    epilog="Begin with: jumok demo",
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode=None,  # plain text needs no seconds to load, and nothing in it is cut or torn
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)
for title, modules in GROUPS.items():
    for module, summary in modules.items():
        name = "options" if module is reference else module.__name__.rpartition(".")[2]
        added = app.command(name, cls=Command, short_help=summary, epilog=f"Example: `{module.EXAMPLE}`")
        added(module.command)
        Group.groups.setdefault(title, []).append(name)

DONE, FAILED, USER_ERROR = 0, 1, 2


def print_version(wanted: bool) -> None:
    """Print the versions of jumok, Python and PyTorch, and exit."""
    if wanted:
        from importlib.metadata import version
        from platform import python_version

        typer.echo(f"jumok {version('jumok')} (Python {python_version()}, PyTorch {version('torch')})")
        raise typer.Exit


@app.callback()
def top(
    version: Annotated[
        bool,
        typer.Option("--version", "-V", is_eager=True, callback=print_version, help="Show the versions."),
    ] = False,
) -> None:
    """Encoder-decoder models from examples: train, score and use them."""


def main(arguments: list[str] | None = None) -> None:
    """Run a command line; exit status 0 done, 2 the input is at fault (one sentence), 1 anything else."""
    open_closed_streams()
    tune_process()
    several = is_one_of_several()
    status = lead_or_follow(arguments) if several else run_command(arguments)
    status = status if flushed() else status or USER_ERROR
    if several:  # threads that torch.distributed leaves behind sometimes abort a process that ends slowly
        sys.stderr.flush()
        os._exit(status)
    sys.exit(status)


def open_closed_streams() -> None:
    """Standard streams that are closed become empty ones, so that no file of ours takes their place."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # the lowest free number is taken, which is its own
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode, closefd=False))


def flushed() -> bool:
    """Whether standard output took all that was written to it, or its reader has gone."""
    try:
        sys.stdout.flush()
        return True
    except OSError as error:
        with suppress(OSError, ValueError):  # so that Python does not try again when it ends
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            return True
        say(
            f"error: standard output could not be written ({error.strerror or error}); make room, or name another place"
        )
        return False


def lead_or_follow(arguments: list[str] | None) -> int:
    """Of several processes, the first one does it; the others take part in its trainings."""
    from jumok.training import init_distributed, shutdown, stop_workers

    if init_distributed().is_first:
        status = run_command(arguments)
        stop_workers()
    else:
        status = follow()
    shutdown()
    return status


def follow() -> int:
    """Take part in the trainings of the first process; returns the exit status."""
    from jumok.training import worker_loop

    try:
        worker_loop()
    except KeyboardInterrupt:
        return DONE
    except RuntimeError as error:
        sentence = lost_process(error)
        if sentence is None:
            raise
        say(f"error: {sentence}")
        return FAILED
    return DONE


def run_command(arguments: list[str] | None) -> int:
    """Run a command line, and print its error; returns the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # whatever the locale: texts are in all languages
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        refuse_no_text(sys.argv[1:] if arguments is None else arguments)
        app(arguments, prog_name="jumok")  # says itself what a command line lacks, and exits
    except JumokError as error:
        say(f"error: {error}")
        return USER_ERROR
    except Interrupted as stop:
        say(str(stop))
        return FAILED
    except (OSError, UnicodeEncodeError, RuntimeError, ModuleNotFoundError) as error:
        if is_one_of_several() and isinstance(error, RuntimeError) and (sentence := lost_process(error)):
            say(f"error: {sentence}")
            return FAILED
        sentence = sentence_of(error)
        if sentence is None:
            raise
        say(f"error: {sentence}")
        return USER_ERROR
    except SystemExit as end:  # typer has statuses of its own for Ctrl-C
        return int(end.code or DONE) if end.code in (None, DONE, USER_ERROR) else FAILED
    return DONE
