"""`jumok sweep`."""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from jumok.cli.options import Config, Device, Json, Quiet, Set, going_on_in, on_device
from jumok.console import print_json, say

EXAMPLE = "jumok sweep x.yaml --space 'training.learning_rate=[1e-4, 3e-3, log]' --trials 20"


class SweepEngine(StrEnum):
    """Where trainings run, if not in processes of this machine."""

    ray = "ray"


def command(
    config: Config,
    space: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=[VALUES]",
            help="What to try: [64, 128], or a range [1e-4, 3e-3, log]; instead of sweep: in the file.",
        ),
    ] = None,
    trials: Annotated[int, typer.Option(min=1, help="How many trials there are in all.")] = 20,
    hours: Annotated[
        float | None, typer.Option(min=0.0, help="No trial begins after so many hours of this call.")
    ] = None,
    processes: Annotated[int, typer.Option(min=1, help="How many train at a time.")] = 1,
    engine: Annotated[
        SweepEngine | None,
        typer.Option(
            help="ray: on the machines of a Ray cluster (extra scale), which all see the folder of the runs."
        ),
    ] = None,
    prune: Annotated[bool, typer.Option(help="End trials early that are worse than most.")] = True,
    seeds: Annotated[
        int, typer.Option(min=0, help="Seeds that the best three trials are repeated with; 0 leaves it out.")
    ] = 3,
    search_seed: Annotated[int, typer.Option(min=0, help="The seed of the search.")] = 1,
    run: Annotated[
        Path | None, typer.Option(help="Where the runs go; runs/NAME-OF-THE-FILE-sweep by default.")
    ] = None,
    set_: Set = None,
    device: Device = "",
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Search the best options of an experiment; each trial is a run, and the same command goes on after a stop.

    The space stands in the file under sweep:, or in --space. The search (TPE) looks at the valid part only. At the end
    the best trials and the file as it is written are trained with other seeds, to tell which differences are noise.
    Writes sweep.html, sweep.json, and best.yaml, which trains as it is.
    """
    from jumok.sweeps.plan import read_plan

    plan = read_plan(config, space or [], [*(set_ or []), *on_device(device)])
    from jumok.sweeps.display import make_sweep_display
    from jumok.sweeps.sweep import SweepOptions, sweep

    folder = run or Path("runs") / f"{config.stem}-sweep"
    options = SweepOptions(trials, hours, processes, prune, seeds, search_seed)
    with going_on_in(folder):
        result = sweep(plan, folder, options, make_sweep_display(quiet), launcher_of(engine))
    for sentence in result.verdicts:
        say(sentence)
    say(
        f"page: {folder / 'sweep.html'}   best options: {folder / 'best.yaml'}   numbers: {folder / 'sweep.json'}"
    )
    if json:
        print_json(result.to_json())


def launcher_of(engine: SweepEngine | None) -> Callable[[int, Path], Any]:
    """Who runs the trainings."""
    if engine is None:
        from jumok.sweeps.jobs import LocalJobs

        return LocalJobs
    from jumok.scale.ray_jobs import RayJobs

    return RayJobs
