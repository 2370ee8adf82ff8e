"""`jumok new`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from jumok.console import say, write_line
from jumok.errors import ConfigurationError, did_you_mean

if TYPE_CHECKING:
    from jumok.experiment.starting import NewField

EXAMPLE = "jumok new cells.yaml --input photo:image --output cells:boxes --data bccd"
KINDS_BY_SIDE = {"input": ("text", "image"), "output": ("text", "boxes", "mask")}


def command(
    file: Annotated[Path, typer.Argument(metavar="EXPERIMENT.yaml", help="The file to write.")],
    inputs: Annotated[
        list[str] | None,
        typer.Option(
            "--input",
            "--source",
            metavar="NAME[:KIND]",
            help="An input: a name, and text or image. May be given several times.",
        ),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option("--output", "--target", metavar="NAME[:KIND]", help="The output: text, boxes or mask."),
    ] = None,
    kind: Annotated[
        Literal["text", "boxes", "mask"] | None,
        typer.Option(help="The kind of the output, if not said there."),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            help="Your data: a table, a COCO .json, a VOC folder, a data.yaml, or a folder of masks."
        ),
    ] = None,
) -> None:
    """Write an experiment file to start from: texts, or images in which to find objects, areas or writing.

    With --data the kind and the splits are recognized, and the file names them.
    """
    if file.exists():
        raise ConfigurationError(f"{file} exists already; choose another name")
    asked = parse(output, "output") if output is not None else None
    if kind is not None and asked is not None and asked.kind not in ("", kind):
        raise ConfigurationError(f"--output says {asked.kind}, and --kind says {kind}; give one of them")
    given = [parse(text, "input") for text in inputs or ()]
    from jumok.experiment.file import build_experiment
    from jumok.experiment.found import find_data
    from jumok.experiment.loader import parse_yaml
    from jumok.experiment.starting import start_of, starting_text

    wanted = (asked.kind if asked is not None else "") or kind
    found = find_data(data, wanted) if data is not None else None
    text = starting_text(start_of(given, asked, kind, found, file), file)
    values, root = parse_yaml(text, str(file))
    try:
        build_experiment(values, str(file), root)
    except ConfigurationError as error:  # of the names; the line is of a file that is not written
        raise ConfigurationError(str(error).partition(": ")[2]) from None
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    write_line(str(file))
    before = "" if data is not None else f"put your data where {file} says, then "
    say(f"next: {before}run: jumok check {file}")


def parse(text: str, side: str) -> "NewField":
    """A name with its kind, or without one."""
    from jumok.experiment.starting import NewField

    name, colon, kind = text.partition(":")
    known = KINDS_BY_SIDE[side]
    if colon and kind not in known:
        raise ConfigurationError(
            f"--{side} {text}: there is no {side} of kind {kind!r}{did_you_mean(kind, known)}"
        )
    if not name.isidentifier():
        raise ConfigurationError(f"{name!r} must be made of letters, digits and _, not starting with a digit")
    return NewField(name, kind)
