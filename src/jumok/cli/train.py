"""`jumok train`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jumok.cli.options import Config, Device, Json, Quiet, Set, going_on_in, on_device
from jumok.console import print_json, say
from jumok.runs.layout import RunLayout

if TYPE_CHECKING:
    from jumok.experiment import Experiment
    from jumok.training.reporter import Reporter

EXAMPLE = "jumok train translate.yaml --set training.steps=2000"


def command(
    config: Config,
    run: Annotated[
        Path | None, typer.Option(help="The run folder; runs/NAME-OF-THE-FILE by default.")
    ] = None,
    set_: Set = None,
    device: Device = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would be trained, and how long it would take.")
    ] = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Train the model of an experiment, score it, and keep everything in a run folder.

    The same command goes on where an interrupted training stopped; Ctrl-C saves first.
    """
    from jumok.experiment.file import read_experiment

    experiment = read_experiment(config, [*(set_ or []), *on_device(device)])
    folder = run or Path("runs") / config.stem
    from jumok.training import train
    from jumok.training.display import make_display

    if dry_run:
        tell_plan(experiment, folder, make_display(quiet), json)
        return
    with going_on_in(folder):
        outcome = train(experiment, folder, make_display(quiet))
    if not quiet:
        say(f"{RunLayout(folder).report} shows it all; see what the model looks at: jumok look {folder}")
    if json:
        print_json({"run": str(folder), **outcome.evaluation})


def tell_plan(experiment: "Experiment", run: Path, reporter: "Reporter", json: bool) -> None:
    """Print what a training would be like.

    Args:
        experiment: The experiment.
        run: The run folder.
        reporter: Receives training events.
        json: Whether to print JSON.
    """
    from jumok.training.dry_run import dry_run

    plan = dry_run(experiment, run, reporter)
    if json:
        print_json(plan.to_json())
    else:
        say(str(plan))
