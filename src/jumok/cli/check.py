"""`jumok check`."""

from typing import Annotated

import typer
from rich.table import Table

from jumok.cli.console import print_json, say, talk
from jumok.cli.options import Config, Json, Set
from jumok.dataset import prepare
from jumok.dataset.report import Report, SplitReport, report
from jumok.errors import DataError
from jumok.experiment import read_experiment

SHOWN = 20


def add_to(app: typer.Typer) -> None:
    app.command(name="check", epilog="Example: `jumok check translate.yaml`")(command)


def command(
    config: Config,
    set_: Set = None,
    faults: Annotated[int, typer.Option(help="Faults to show one by one.")] = SHOWN,
    json: Json = False,
) -> None:
    """Read all data of an experiment and tell what they are like and what is wrong with them.

    Exit status 2 when there are faults that training would refuse.
    """
    experiment = read_experiment(config, set_ or [])
    found = report(prepare(experiment, say, tolerant=True))
    if json:
        print_json(found.document())
    else:
        show(found)
        tell(found, faults)
    if found.fatal_count:
        raise DataError(f"faults that cannot be skipped: {found.fatal_count}; mend them first")
    if found.fault_count and experiment.data.on_bad_rows == "error":
        raise DataError(
            f"faulty rows: {found.fault_count}; mend them, or set data.on_bad_rows: skip to train without them"
        )


def show(found: Report) -> None:
    """What could be read."""
    if found.splits:
        talk.print(split_table(found))
        say(", ".join(f"{name}: {summary}" for name, summary in found.fields.items()))


def split_table(found: Report) -> Table:
    """Counts and lengths of every part."""
    table = Table(title="data", title_justify="left")
    for column in (
        "part",
        "examples",
        "column",
        "tokens",
        "shortest",
        "median",
        "99 %",
        "longest",
        "unknown",
    ):
        table.add_column(column, justify="left" if column in ("part", "column") else "right")
    for name, part in found.splits.items():
        for i, (column, lengths) in enumerate(part.lengths.items()):
            table.add_row(
                name if i == 0 else "",
                f"{part.examples:,}" if i == 0 else "",
                column,
                f"{lengths.total:,}",
                f"{lengths.min}",
                f"{lengths.median:.0f}",
                f"{lengths.p99:.0f}",
                f"{lengths.max}",
                f"{100 * part.unknown[column]:.2f} %",
            )
    return table


def tell(found: Report, most: int) -> None:
    for name, part in found.splits.items():
        for sentence in remarks(name, part):
            say(sentence)
    for fault in found.faults[:most]:
        say(f"fault: {fault}")
    if found.fault_count > min(most, len(found.faults)):
        say(f"... and {found.fault_count - min(most, len(found.faults))} more faults")
    if not found.fault_count:
        say("no faults")


def remarks(name: str, part: SplitReport) -> list[str]:
    """What is not a fault, but good to know."""
    said = []
    if part.duplicates:
        said.append(f"{name}: {part.duplicates:,} rows are equal to an earlier row")
    if part.several_answers:
        said.append(
            f"{name}: {part.several_answers:,} rows give a further answer to an input that stands before"
        )
    if part.leaked:
        said.append(
            f"{name}: {part.leaked:,} rows have inputs that are in train too, so its scores flatter; first: {part.leak}"
        )
    return said
