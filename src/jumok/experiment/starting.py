"""Generate an experiment file to start from: valid, commented, with the detected or made-up data."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from jumok.choices import TAKEN_NAMES
from jumok.errors import ConfigurationError
from jumok.experiment.found import Found
from jumok.experiment.found_series import FoundField, FoundSeries
from jumok.experiment.made_data import MadeData, NewField
from jumok.experiment.reference import sections
from jumok.kinds.options import OutputFieldOptions
from jumok.kinds.templates import FieldSide, options_class
from jumok.wording import quantity

COMMENT = 58  # the column where comments begin
FILE_HEAD = """\
# Look at the data first:  jumok check {file}
# Train:                   jumok train {file}
# All options:             jumok options, like: jumok options {like}
"""
AUGMENT = """\
    augment:
      flip: horizontal           # or both; none where left and right are not alike
"""
TOKEN_SETTINGS = {
    "text": "{kind: bpe, size: 8000, shared: true}     # auto | characters | jamo | words | bpe | unigram | spaces",
    "image": "{kind: characters}                        # auto | characters | jamo | words | bpe | unigram | spaces",
    "made": "{kind: words}                             # auto | characters | jamo | words | bpe | unigram | spaces",
}
READING = """\
model: {width: 128}              # a text in an image is learned sooner with 128 than with the usual 256
"""
SMALL_MODEL = """\
model: {width: 64}               # small, for examples as few and easy as these; the usual width is 256
"""
MADE_UP_TRAINING = {"steps": 300, "batch_size": 16}  # for made-up examples
USUAL_NAMES = {"boxes": "objects", "mask": "mask"}  # names of outputs, where none are given
IMAGE_NAMES = ("image", "photo", "picture", "img")  # inputs, too, of which the kind is not said
# what users change first, shown with its default
MAIN = {
    "model": ("width", "heads", "dropout"),
    "training": ("steps", "batch_tokens", "batch_size", "learning_rate"),
    "decoding": ("beam",),
}


@dataclass(frozen=True)
class Start:
    """The content of the new file."""

    inputs: Sequence[NewField]
    outputs: Sequence[NewField]
    # sources as under data:, their paths from the file on; or nothing
    splits: Mapping[str, Mapping[str, Any]]
    is_made_up: bool = False  # whether these hold made-up examples
    notes: Sequence[str] = ()  # comments about the data

    @property
    def fields(self) -> list[NewField]:
        """Inputs, then outputs."""
        return [*self.inputs, *self.outputs]

    @property
    def sees(self) -> bool:
        """Whether an input is an image."""
        return any(field.is_image for field in self.inputs)

    @property
    def reads(self) -> bool:
        """Whether an output is a text."""
        return any(field.is_read for field in self.outputs)

    @property
    def has_texts(self) -> bool:
        """Whether a field is made of tokens."""
        return any("tokens" in options_class(field.kind, field.side).model_fields for field in self.fields)

    @property
    def annotations(self) -> set[str]:
        """Formats that hold outputs which are found in an image."""
        return {field.annotations for field in self.outputs if field.annotations is not None}


def starting_text(start: Start, file: Path) -> str:
    """The text of the file."""
    like = "inputs.image" if start.sees else "training"
    lines = [FILE_HEAD.format(file=file, like=like), "inputs:\n"]
    for field in start.inputs:
        lines.append(entry(field, start))
        if field.is_image and not start.reads:  # what is read is never mirrored
            lines.append(AUGMENT)
    lines += ["outputs:\n", *(entry(field, start) for field in start.outputs), "data:\n", data_lines(start)]
    if start.is_made_up:
        lines.append(SMALL_MODEL)
    elif start.sees and start.reads:
        lines.append(READING)
    return "".join([*lines, *training_lines(start), default_lines(start)])


def training_lines(start: Start) -> list[str]:
    """The steps that made-up examples need, and the score that chooses the best of several outputs."""
    settings: dict[str, Any] = dict(MADE_UP_TRAINING) if start.is_made_up else {}
    comments = ["without steps, the size of the data decides"] if start.is_made_up else []
    first, *others = start.outputs
    metrics = selection_metrics(first) if others else ()
    if metrics:
        settings["select"] = f"{first.name}.{metrics[0]}"
        comments.append("select: the score that chooses the best model")
    return [with_comment(f"training: {yaml_line(settings)}", "; ".join(comments))] if settings else []


def selection_metrics(output: NewField) -> tuple[str, ...]:
    """The metrics of an output that can choose the best model, its default first."""
    options = options_class(output.kind, "OUTPUT")
    known = options.selection_metrics() if issubclass(options, OutputFieldOptions) else ()
    default = options.model_fields["metric"].default if known else None
    return (default, *known) if default in known else known


def entry(field: NewField, start: Start) -> str:
    """The lines of an input or output; those about the past are left out where no input is a series."""
    template = field.template
    past = next((one.name for one in start.inputs if one.is_series), None)
    text = template.small if start.is_made_up and template.small is not None else template.entry
    kept = [line for line in text.splitlines(keepends=True) if past is not None or "{past}" not in line]
    lines = "".join(kept).format(name=field.name, past=past).splitlines(keepends=True)
    return "".join(with_settings(lines, field.settings))


def with_settings(lines: Sequence[str], settings: Mapping[str, Any]) -> list[str]:
    """The lines of an entry with settings after its kind, in place of what the template says of them."""
    said = re.compile(rf"\s+(?:# )?(?:{'|'.join(settings)}):") if settings else None
    kept = [line for line in lines if said is None or not said.match(line)]
    return [
        *kept[:2],
        *(f"    {yaml_line({name: value})[1:-1]}\n" for name, value in settings.items()),
        *kept[2:],
    ]


def data_lines(start: Start) -> str:
    """The lines of sources, of the split if there is only train, and of the tokens of texts."""
    lines = [f"  # {line}\n" for line in source_hints(start)]
    splits = start.splits or example(start)
    lines += [f"  {split}: {yaml_line(source)}\n" for split, source in splits.items()]
    if "valid" not in splits:
        shares = {"valid": 0.05, "test": 0.05} if start.reads else {"valid": 0.1, "test": 0.1}
        kept = {split: share for split, share in shares.items() if split not in splits}
        lines.append(
            with_comment(f"  split: {yaml_line(kept)}", "or valid: and test: with data of their own")
        )
    if start.has_texts:
        usual = "made" if start.is_made_up else "image" if start.sees else "text"
        lines.append(f"  tokens: {TOKEN_SETTINGS[usual]}\n")
    return "".join(lines)


def source_hints(start: Start) -> list[str]:
    """Comments about other sources that could be used under data:."""
    made = ["made-up examples, to be replaced: put your own into these files, or name yours in their place:"]
    return [*(made if start.is_made_up else ()), *known_sources(start), *start.notes]


def known_sources(start: Start) -> list[str]:
    """The sources that hold such inputs and outputs."""
    if start.annotations == {"masks"}:
        return ["classes are the names of the values 0, 1, 2, ... of the pixels, or names with their colours"]
    if start.annotations:
        return [
            "or {voc: FOLDER, split: train}, {yolo: data.yaml, split: train}, {coco: FILE.json, images: FOLDER}"
        ]
    if any(field.template.goes_on for field in start.outputs) and len(start.inputs) == 1:
        return [
            "windows of a table with a row for each time step; rows are those to forecast, from 0, by time"
        ]
    if start.sees:
        return [
            "a table .tsv, .csv, .jsonl or .parquet with a column for each name; images as paths from the table on"
        ]
    if any(field.is_series for field in start.inputs):
        return [
            "a table .tsv, .csv, .jsonl or .parquet with a column for each name; series as paths of .csv or .npy files",
            "or {arrays: FILE.npz, columns: {NAME: ARRAY}}, {recordings: FILE.csv, columns: {id: ID}, window: 128}",
        ]
    if all(field.kind == "text" for field in start.fields) and not start.is_made_up:
        return [
            "or {table: pairs.tsv}, also .csv, .jsonl, .parquet, with a column for each name; or parallel lines"
        ]
    return [
        "a table .tsv, .csv, .jsonl or .parquet with a column for each name; clips as paths from the table on"
    ]


def example(start: Start) -> dict[str, Mapping[str, Any]]:
    """Placeholder sources, to be replaced by the user."""
    if start.annotations == {"masks"}:
        return {"train": {"masks": "masks", "images": "images", "classes": ["background", "object"]}}
    if start.annotations:
        return {"train": {"coco": "annotations.json", "images": "images"}}
    if all("tokens" in options_class(one.kind, one.side).model_fields for one in start.fields):
        return {"train": {"lines": {one.name: f"train.{one.name}" for one in start.fields}}}
    return {"train": {"table": "train.tsv"}}


def default_lines(start: Start) -> str:
    """The most useful defaults, as comments."""
    defaults = {option.path: option.default for one in sections() for option in one.options}
    lines = ["# what may be changed, with the defaults:\n"]
    for section, names in MAIN.items():
        if section == "decoding" and not start.reads:
            continue
        said = [
            f"{name}: {defaults[f'{section}.{name}']}" for name in names if defaults.get(f"{section}.{name}")
        ]
        lines += [f"# {section}: {{{', '.join(said)}}}\n"] if said else []
    return "".join(lines)


def with_comment(line: str, comment: str) -> str:
    """A line of YAML followed by a comment in its own column."""
    return f"{line.ljust(COMMENT)}# {comment}\n"


def yaml_line(value: Any) -> str:
    """A value as YAML on one line."""
    text = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10**6)
    return text.strip()


def made_up_start(data: MadeData, file: Path) -> Start:
    """The content of a file about made-up data."""
    inputs = [field for field in data.fields if field.side == "INPUT"]
    outputs = [field for field in data.fields if field.side == "OUTPUT"]
    splits = {split: from_file(one, file) for split, one in data.splits().items()}
    return Start(inputs, outputs, splits, is_made_up=True)


def start_of(
    given: Sequence[NewField], asked: Sequence[NewField], kind: str | None, found: Found | None, file: Path
) -> Start:
    """Combine what the user gave with what was detected.

    Args:
        given: The inputs; their kind may be empty.
        asked: The outputs, if they were given; the kind of a single one may be empty.
        kind: Kind of the output, if it was given.
        found: The detected data, if there are any.
        file: The file to write, at which relative paths start.

    Returns:
        The content of the file.

    Raises:
        ConfigurationError: If they contradict each other.
    """
    if found is not None and found.series is not None:
        return series_start(given, asked, kind, found, found.series, file)
    columns = named_columns(found.columns) if found is not None else {}
    *first, last = list(columns) if len(columns) > 1 else ["source", "target"]
    labels = {name for name, column in columns.items() if found is not None and column in found.labels}
    usual = found.output if found is not None else "text"
    usual_kind = kind or ("label" if last in labels and usual == "text" else usual)
    kinds = [one.kind or kind or ("label" if one.name in labels else usual) for one in asked] or [usual_kind]
    are_drawn = any(NewField("", one, "OUTPUT").annotations is not None for one in kinds)
    if are_drawn:
        first = ["image"]
    inputs = [
        with_kind(field, are_drawn) for field in given or [NewField(name, "", "INPUT") for name in first]
    ]
    if not columns and any(one.is_image for one in inputs):
        last = "text"
    names = [one.name for one in asked] or [USUAL_NAMES.get(kinds[0], last)]
    outputs = [NewField(name, one, "OUTPUT") for name, one in zip(names, kinds, strict=True)]
    for one in outputs:
        refuse_unlike(one, found)
    splits = {} if found is None else {split: from_file(one, file) for split, one in found.splits.items()}
    theirs = {name: column for name, column in columns.items() if name != column}
    if theirs and not given and not asked:
        splits = {split: {**source, "columns": theirs} for split, source in splits.items()}
    return Start(inputs, outputs, splits)


def series_start(
    given: Sequence[NewField],
    asked: Sequence[NewField],
    kind: str | None,
    found: Found,
    series: FoundSeries,
    file: Path,
) -> Start:
    """The content for detected series, under the names that the user gave.

    Args:
        given: The inputs that the user named, as many as were detected, or none.
        asked: The outputs that the user named, as many as were detected, or none.
        kind: Kind of the output, if it was given.
        found: The detected data.
        series: What the series are.
        file: The file to write, at which relative paths start.

    Returns:
        The content of the file.

    Raises:
        ConfigurationError: The user named others than were detected.
    """
    inputs = renamed(series.inputs, given, "", "INPUT")
    outputs = renamed(series.outputs, asked, kind or "", "OUTPUT")
    new = {
        old.name: one.name
        for old, one in zip((*series.inputs, *series.outputs), (*inputs, *outputs), strict=True)
    }
    splits = {}
    for split, source in found.splits.items():
        named = from_file(source, file)
        columns = {new.get(name, name): column for name, column in named.get("columns", {}).items()}
        if "arrays" not in source and "windows" not in source:
            known = source.get("columns", {})
            columns |= {
                ours: theirs for theirs, ours in new.items() if ours != theirs and theirs not in known
            }
            columns = {name: one for name, one in columns.items() if not is_only_series(name, inputs, source)}
        splits[split] = {**named, **({"columns": columns} if columns else {})}
    return Start(inputs, outputs, splits, notes=series.notes)


def is_only_series(name: str, inputs: Sequence[NewField], source: Mapping[str, Any]) -> bool:
    """Whether a name is a series of a long table, which has no column of its own."""
    return "recordings" in source and name in {one.name for one in inputs}


def renamed(
    found: Sequence[FoundField], given: Sequence[NewField], kind: str, side: FieldSide
) -> list[NewField]:
    """Detected fields under the names, and of the kinds, that the user gave; ConfigurationError if they differ."""
    if given and len(given) != len(found):
        theirs = ", ".join(one.name for one in found)
        raise ConfigurationError(
            f"--data holds {quantity(len(found), side.lower())} ({theirs}); name as many, or none"
        )
    fields = []
    for number, one in enumerate(found):
        wanted = (given[number].kind if given else "") or kind or one.kind
        if wanted != one.kind and {wanted, one.kind} != {"label", "values"}:
            problem = f"--data holds {one.name}, which is {one.kind} and no {wanted}"
            raise ConfigurationError(f"{problem}; leave out the kind")
        name = given[number].name if given else valid_name(one.name, side, number)
        fields.append(NewField(name, wanted, side, one.settings if wanted == one.kind else {}))
    return fields


def valid_name(column: str, side: FieldSide, number: int) -> str:
    """The name of a column where it can be that of a field, else another one."""
    plain = {"INPUT": "signal", "OUTPUT": "answer"}[side]
    return column if column.isidentifier() and column not in TAKEN_NAMES else f"{plain}{number + 1}"


def with_kind(field: NewField, are_drawn: bool) -> NewField:
    """Choose the kind of an input: an image if outputs are found in one or its name says so, else a text."""
    image = are_drawn or field.name.lower() in IMAGE_NAMES
    return NewField(field.name, field.kind or ("image" if image else "text"), "INPUT")


def named_columns(columns: Sequence[str]) -> dict[str, str]:
    """A valid name for each column of a table: its own, if possible."""
    return {
        column if column.isidentifier() and column not in TAKEN_NAMES else f"column{number}": column
        for number, column in enumerate(columns, start=1)
    }


def refuse_unlike(output: NewField, found: Found | None) -> None:
    """Refuse detected data that cannot be of the kind of an output."""
    if found is None or (found.output, output.kind) in ((output.kind, output.kind), ("boxes", "mask")):
        return
    if found.output == "text" and output.annotations is None:  # cells of a table
        return
    holds = {"text": "a table", "boxes": "annotated images", "mask": "masks of images"}[found.output]
    raise ConfigurationError(
        f"--data holds {holds}, which give no {output.kind}; leave out the kind, or name other data"
    )


def from_file(source: Mapping[str, Any], file: Path) -> dict[str, Any]:
    """A source with paths relative to the folder of the file."""
    folder = file.absolute().parent
    return {
        key: Path(os.path.relpath(value.absolute(), folder)).as_posix() if isinstance(value, Path) else value
        for key, value in source.items()
    }
