"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[Path, typer.Argument(metavar="EXPERIMENT.yaml", help="The experiment file.")]
Run = Annotated[Path, typer.Argument(metavar="RUN", help="A run folder, or the model folder in it.")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Change a value of the file, like training.steps=200."),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace a file that is there already.")]
Beam = Annotated[int | None, typer.Option(help="Hypotheses that beam search keeps.")]
Device = Annotated[str, typer.Option(help="cpu, cuda, cuda:1 ...; auto is a GPU where there is one.")]
Precision = Annotated[
    str | None, typer.Option("--precision", help="fp32, or bf16: faster, a few answers differ.")
]
Method = Annotated[str | None, typer.Option(help="beam, greedy or sample.")]
