"""Options that several commands share."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

import typer

from jumok.errors import Interrupted

Config = Annotated[Path, typer.Argument(metavar="EXPERIMENT.yaml", help="The experiment file.")]
Run = Annotated[Path, typer.Argument(metavar="RUN", help="A run folder, or the model folder in it.")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Change a value of the file, like training.steps=200."),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace a file that is there already.")]
BeamOption = Annotated[int | None, typer.Option(help="Hypotheses that beam search keeps.")]
Device = Annotated[
    str, typer.Option(metavar="DEVICE", help="cpu, cuda, cuda:1 ...; auto is a GPU where there is one.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress; only remarks and the scores.")]
PrecisionOption = Annotated[
    Literal["fp32", "bf16"] | None,
    typer.Option("--precision", help="bf16 is faster where the processor has it; a few answers differ."),
]
Method = Annotated[
    Literal["beam", "greedy", "sample"] | None, typer.Option(help="How answers are searched for.")
]


def on_device(name: str) -> list[str]:
    """The device as a change of the experiment; None keeps that of the file."""
    return [f"training.device={name}"] if name else []


@contextmanager
def going_on_in(folder: Path) -> Iterator[None]:
    """Whoever stops what is saved in a folder is told how it goes on."""
    try:
        yield
    except Interrupted:
        raise Interrupted(f"stopped and saved in {folder}; the same command goes on from here") from None
