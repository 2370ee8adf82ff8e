"""`jumok runs`."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jumok.cli.options import Json
from jumok.console import print_json, say
from jumok.errors import DataError
from jumok.wording import quantity

if TYPE_CHECKING:
    from jumok.reporting.runs import RunSummary

EXAMPLE = "jumok runs experiments"
UNLIMITED = 10_000  # columns
BYTE_UNITS = ("B", "kB", "MB", "GB", "TB")


def command(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where to look for runs.")] = Path("runs"),
    json: Json = False,
) -> None:
    """List the runs in a folder and below, the newest first: score, date, size, and whether they are finished."""
    from jumok.reporting.runs import find_runs

    if not folder.is_dir():
        wrong = "is a file, expected a folder" if folder.exists() else "there is no such folder"
        raise DataError(f"{folder}: {wrong}; name the folder that holds the runs, like: jumok runs FOLDER")
    found = find_runs(folder)
    if json:
        print_json([asdict(run) for run in found])
    elif found:
        print_runs(found)
    else:
        say(f"no runs in {folder}; `jumok train` and `jumok demo` make some")


def print_runs(runs: list["RunSummary"]) -> None:
    """The table on stdout."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for column in ("run", "task", "state", "score", "size", "changed"):
        table.add_column(
            column,
            justify="right" if column == "size" else "left",
            overflow="fold",
            no_wrap=column != "run",
        )
    for run in runs:
        table.add_row(
            run.path, run.kind, state(run), format_run_score(run), in_units(run.bytes), (run.date or "")[:10]
        )
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:  # a line for each run, whatever reads them
        console.width = UNLIMITED
    console.print(table)


def state(run: "RunSummary") -> str:
    """Finished, or at which step it was left."""
    if run.state != "interrupted" or run.step is None:
        return run.state
    return f"{run.step:,} of {quantity(run.steps, 'step')}" if run.steps is not None else f"step {run.step:,}"


def format_run_score(run: "RunSummary") -> str:
    """The score of a run with its metric; empty if the run has none."""
    from jumok.reporting.numbers import format_score as written
    from jumok.reporting.numbers import metric_name

    if run.metric is None or run.score is None:
        return ""
    return f"{metric_name(run.metric)} {written(run.metric, run.score)}"


def in_units(count: float) -> str:
    """Bytes as a person reads them: 1.2 MB."""
    unit = 0
    while count >= 999.5 and unit < len(BYTE_UNITS) - 1:
        count, unit = count / 1000, unit + 1
    return (
        f"{count:.0f} {BYTE_UNITS[unit]}" if unit == 0 or count >= 99.5 else f"{count:.1f} {BYTE_UNITS[unit]}"
    )
