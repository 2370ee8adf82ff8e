"""`jumok prove`."""

import shutil
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from jumok.cli.options import Config, Device, Json, Quiet, Set, on_device
from jumok.console import print_json, say
from jumok.runs.layout import PROOF
from jumok.wording import quantity

if TYPE_CHECKING:
    from jumok.proving.resume import ResumeProof

EXAMPLE = "jumok prove resume x.yaml --incidents 50"


def command(
    what: Annotated[Literal["resume"], typer.Argument(help="What is to be proven.")],
    config: Config,
    incidents: Annotated[int, typer.Option(min=1, help="How often something is to happen.")] = 50,
    steps: Annotated[int, typer.Option(min=1, help="Steps of each training.")] = 20,
    seed: Annotated[int, typer.Option(min=0, help="Of what happens when.")] = 1,
    run: Annotated[
        Path | None, typer.Option(help="A new folder for the runs, which stays; a temporary one by default.")
    ] = None,
    set_: Set = None,
    device: Device = "cpu",
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Kill short trainings of an experiment, fill their disk and damage their checkpoints, and see how they end.

    Each training goes on after every incident by the same call, and at its end weights, optimizer, averages, log, model
    and scores are compared, bit by bit, with those of a training that was never disturbed. Exit status 1, and the runs
    that differ are kept, where one of them does not end as it should.
    """
    from jumok.proving.resume import prove_resume, write_proof

    folder = run or Path(mkdtemp(prefix="jumok-prove-"))
    overrides = [*(set_ or []), *on_device(device)]
    try:
        proof = prove_resume(config, folder, incidents, steps, overrides, seed, say_nothing if quiet else say)
        if run is not None:
            write_proof(folder / PROOF, proof)
    finally:
        if run is None and not any(folder.glob("run-*")):
            shutil.rmtree(folder, ignore_errors=True)
    show_proof(proof)
    if json:
        print_json(proof.to_json())
    if proof.survived < proof.incidents:
        say(f"the runs that ended differently are kept in {folder}")
        raise typer.Exit(1)


def say_nothing(message: str) -> None:
    """Say nothing."""


def show_proof(proof: "ResumeProof") -> None:
    """What happened how often, and how many times it was survived."""
    from jumok.console import new_table, talk

    survived = f"{proof.survived} of {quantity(proof.incidents, 'incident')} survived bit-equal"
    table = new_table(
        f"{survived}, in {quantity(len(proof.runs), 'run')}",
        ("what happened", "times", "survived"),
        left=("what happened",),
    )
    for kind, (many, good) in proof.by_kind.items():
        table.add_row(kind, str(many), str(good))
    talk.print(table)
