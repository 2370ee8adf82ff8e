"""`jumok train`."""

from pathlib import Path
from typing import Annotated

import typer

from jumok.cli.options import Config, Json, Set
from jumok.console import print_json, say
from jumok.errors import Interrupted


def add_to(app: typer.Typer) -> None:
    app.command(name="train", epilog="Example: `jumok train translate.yaml --set training.steps=2000`")(
        command
    )


def command(
    config: Config,
    run: Annotated[
        Path | None, typer.Option(help="The run folder; runs/NAME-OF-THE-FILE by default.")
    ] = None,
    set_: Set = None,
    json: Json = False,
) -> None:
    """Train the model of an experiment, score it, and keep everything in a run folder.

    The same command goes on where an interrupted training stopped; Ctrl-C saves first.
    """
    from jumok.experiment.file import read_experiment

    experiment = read_experiment(config, set_ or [])
    folder = run or Path("runs") / config.stem
    from jumok.training import train
    from jumok.training.display import make_display

    try:
        outcome = train(experiment, folder, make_display())
    except Interrupted:
        raise Interrupted(f"stopped and saved in {folder}; the same command goes on from here") from None
    say(f"{folder}/report.html shows it all; see what the model looks at: jumok look {folder}")
    if json:
        print_json({"run": str(folder), **outcome.evaluation})
