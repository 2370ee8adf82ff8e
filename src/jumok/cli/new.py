"""`jumok new`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jumok.console import say, write_line
from jumok.errors import ConfigurationError, did_you_mean

if TYPE_CHECKING:
    from jumok.experiment.made_data import MadeData, NewField
    from jumok.experiment.starting import Start
    from jumok.kinds.templates import FieldSide

EXAMPLE = "jumok new series label"
YAML = (".yaml", ".yml")


def command(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="[EXPERIMENT.yaml] [NAME:]KIND...",
            help="The file to write, and kinds of inputs and outputs: text, image, series, frames; text, label, "
            "values, forecast, boxes, mask.",
        ),
    ],
    inputs: Annotated[
        list[str] | None,
        typer.Option(
            "--input",
            "--source",
            metavar="NAME[:KIND]",
            help="An input of data of your own: a name, and its kind. May be given several times.",
        ),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option("--output", "--target", metavar="NAME[:KIND]", help="The output: a name, and its kind."),
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(metavar="KIND", help="The kind of the output, if not said there."),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            help="Your data: a table (of texts, of recordings, of times to forecast, or naming files), arrays in a "
            ".npz, a COCO .json, a VOC folder, a data.yaml, or a folder of masks or of recordings with their table."
        ),
    ] = None,
) -> None:
    """Write an experiment file to start from.

    With kinds alone, tiny made-up data are written beside it, which train at once and show the form of data. With
    --data the form and the splits of your own are recognized.
    """
    from jumok.experiment.made_data import MadeData

    named, kinds = file_and_kinds(words)
    if kinds and (inputs or output is not None or kind is not None):
        raise ConfigurationError("give inputs and outputs once: as words, or by --input and --output")
    fields = fields_of(kinds)
    if named is None and not fields:
        raise ConfigurationError("name the file to write, or kinds of inputs and outputs, like: series label")
    file = named or Path("-".join(kinds).replace(":", "-") + ".yaml")
    if file.exists():
        raise ConfigurationError(f"{file} exists already; choose another name")
    if fields and data is None:
        write_with_examples(MadeData(fields, file.with_name(f"{file.stem}-data")), file)
        return
    start = start_for_users(fields, inputs or (), output, kind, data, file)
    write_experiment(start, file)
    before = "" if data is not None else f"put your data where {file} says, then "
    say(f"next: {before}run: jumok check {file}")


def file_and_kinds(words: Sequence[str]) -> tuple[Path | None, list[str]]:
    """The file that the words name, if they do, and the others."""
    files = [word for word in words if word.lower().endswith(YAML)]
    if len(files) > 1:
        raise ConfigurationError(f"name one file to write; got {' and '.join(files)}")
    return (Path(files[0]) if files else None), [word for word in words if word not in files]


def fields_of(words: Sequence[str]) -> list["NewField"]:
    """Inputs, then outputs: from the first kind on that can only be an output, or else the last word."""
    from jumok.kinds.templates import known_kinds

    given = [split_word(word) for word in words]
    only_outputs = [number for number, (_, kind) in enumerate(given) if kind not in known_kinds("INPUT")]
    begin = min(only_outputs, default=len(given) - 1)
    if begin == 0 and not only_outputs:
        raise ConfigurationError(
            f"{words[0]} is an input alone; name outputs after it, like: {words[0]} label"
        )
    if begin == 0:
        raise ConfigurationError(
            f"{words[0]} can only be an output; name inputs first, like: image {words[0]}"
        )
    taken: set[str] = set()
    return [
        field_of(name, kind, "INPUT" if number < begin else "OUTPUT", taken)
        for number, (name, kind) in enumerate(given)
    ]


def split_word(word: str) -> tuple[str, str]:
    """The name, which may be empty, and the kind of an input or output."""
    from jumok.kinds.packages import KINDS

    name, colon, kind = word.rpartition(":")
    if kind not in KINDS:
        raise ConfigurationError(f"{word}: there is no kind {kind!r}{did_you_mean(kind, KINDS)}")
    if colon:
        require_name(name)
    return name, kind


def field_of(name: str, kind: str, side: "FieldSide", taken: set[str]) -> "NewField":
    """A field with its name, or one that is not taken yet; ConfigurationError if it is of no such kind."""
    from jumok.experiment.made_data import NewField
    from jumok.kinds.templates import known_kinds, template_of

    if kind not in known_kinds(side):
        raise ConfigurationError(f"{kind} can only be an input; name inputs before outputs")
    usual = template_of(kind, side).usual_name
    names = [name] if name else [usual, *(f"{usual}{number}" for number in range(2, len(taken) + 3))]
    chosen = next((one for one in names if one not in taken), None)
    if chosen is None:
        raise ConfigurationError(f"{name} is named twice; give each input and output its own name")
    taken.add(chosen)
    return NewField(chosen, kind, side)


def start_for_users(
    fields: Sequence["NewField"],
    inputs: Sequence[str],
    output: str | None,
    kind: str | None,
    data: Path | None,
    file: Path,
) -> "Start":
    """The content of a file about data of the user.

    Args:
        fields: Inputs and outputs that were given as words.
        inputs: Inputs that were given by options.
        output: The output that was given by an option.
        kind: Its kind.
        data: The data.
        file: The file to write.

    Returns:
        The content.

    Raises:
        ConfigurationError: If they contradict each other.
    """
    from jumok.experiment.found import find_data
    from jumok.experiment.starting import start_of

    if kind is not None:
        require_kind(kind, "OUTPUT", "--kind")
    given = [one for one in fields if one.side == "INPUT"] or [parse(text, "INPUT") for text in inputs]
    asked = [one for one in fields if one.side == "OUTPUT"]
    if output is not None:
        asked = [parse(output, "OUTPUT")]
    if kind is not None and asked and asked[0].kind not in ("", kind):
        raise ConfigurationError(f"--output says {asked[0].kind}, and --kind says {kind}; give one of them")
    wanted = (asked[0].kind if asked else "") or kind
    found = find_data(data, wanted) if data is not None else None
    return start_of(given, asked, kind, found, file)


def write_with_examples(data: "MadeData", file: Path) -> None:
    """Write a file, and made-up data into a folder of their own beside it."""
    from jumok.experiment.starting import made_up_start

    if data.folder.exists():
        raise ConfigurationError(f"{data.folder} exists already; choose another name for {file}")
    write_experiment(made_up_start(data, file), file, data)
    say(f"next: run: jumok train {file}; then put data of your own into {data.folder}, in the same form")


def write_experiment(start: "Start", file: Path, data: "MadeData | None" = None) -> None:
    """Write a valid file, after the made-up data that it names; nothing is written if it is not valid."""
    from jumok.experiment.file import build_experiment
    from jumok.experiment.loader import parse_yaml
    from jumok.experiment.starting import starting_text

    text = starting_text(start, file)
    values, root = parse_yaml(text, str(file))
    try:
        build_experiment(values, str(file), root)
    except ConfigurationError as error:  # of the names; the line is of a file that is not written
        raise ConfigurationError(str(error).partition(": ")[2]) from None
    if data is not None:
        data.write()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    write_line(str(file))


def parse(text: str, side: "FieldSide") -> "NewField":
    """A name with its kind, or without one."""
    from jumok.experiment.made_data import NewField

    name, colon, kind = text.partition(":")
    if colon:
        require_kind(kind, side, f"--{side.lower()} {text}")
    require_name(name)
    return NewField(name, kind, side)


def require_kind(kind: str, side: "FieldSide", said: str) -> None:
    """Refuse what is no kind of an input, or output."""
    from jumok.kinds.templates import known_kinds

    if kind not in (known := known_kinds(side)):
        raise ConfigurationError(
            f"{said}: there is no {side.lower()} of kind {kind!r}{did_you_mean(kind, known)}"
        )


def require_name(name: str) -> None:
    """Refuse what cannot be the name of an input or output."""
    if not name.isidentifier():
        raise ConfigurationError(f"{name!r} must be made of letters, digits and _, not starting with a digit")
