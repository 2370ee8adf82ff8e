"""Generate an experiment file to start from: valid, commented, with the detected data."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from jumok.choices import TAKEN_NAMES
from jumok.errors import ConfigurationError
from jumok.experiment.found import Found
from jumok.experiment.reference import sections

COMMENT = 58  # the column where comments begin
FILE_HEAD = """\
# Look at the data first:  jumok check {file}
# Train:                   jumok train {file}
# All options:             jumok options, like: jumok options {like}
"""
INPUTS = {
    "text": """\
  {name}: {{kind: text, encoder: {{kind: transformer, layers: 3}}}}   # or rnn, lstm, gru
""",
    "image": """\
  {name}:
    kind: image
    size: 320                    # pixels of the longer side, to which every image is scaled
    encoder:
      backbone: resnet18         # any timm model, pretrained; or convolutional: small, built in, no download
""",
}
AUGMENT = """\
    augment:
      flip: horizontal           # or both; none where left and right are not alike
"""
OUTPUTS = {
    "text": """\
  {name}:
    kind: text
    decoder: {{kind: transformer, layers: 3}}   # or rnn, lstm, gru with attention: none | additive | dot
""",
    "boxes": """\
  {name}:
    kind: boxes
    head: {{kind: dense}}          # or query: object queries that look at the image, as in DETR
""",
    "mask": """\
  {name}:
    kind: mask
    decoder: {{kind: unet}}
""",
}
TOKEN_SETTINGS = {
    "text": "{kind: bpe, size: 8000, shared: true}     # auto | characters | jamo | words | bpe | unigram | spaces",
    "image": "{kind: characters}                        # auto | characters | jamo | words | bpe | unigram | spaces",
}
READING = """\
model: {width: 128}              # a text in an image is learned sooner with 128 than with the usual 256
"""
USUAL_NAMES = {"boxes": "objects", "mask": "mask"}  # names of outputs, where none are given
IMAGE_NAMES = ("image", "photo", "picture", "img")  # inputs, too, of which the kind is not said
# what users change first, shown with its default
MAIN = {
    "model": ("width", "heads", "dropout"),
    "training": ("steps", "batch_tokens", "batch_size", "learning_rate"),
    "decoding": ("beam",),
}


@dataclass(frozen=True)
class NewField:
    """An input or output of the new file."""

    name: str
    kind: str


@dataclass(frozen=True)
class Start:
    """The content of the new file."""

    inputs: Sequence[NewField]
    output: NewField
    # sources as under data:, their paths from the file on; or nothing
    splits: Mapping[str, Mapping[str, Any]]

    @property
    def sees(self) -> bool:
        """Whether an input is an image."""
        return any(field.kind == "image" for field in self.inputs)


def starting_text(start: Start, file: Path) -> str:
    """The text of the file."""
    like = "inputs.image" if start.sees else "training"
    lines = [FILE_HEAD.format(file=file, like=like), "inputs:\n"]
    for field in start.inputs:
        lines.append(INPUTS[field.kind].format(name=field.name))
        if field.kind == "image" and start.output.kind != "text":  # what is read is never mirrored
            lines.append(AUGMENT)
    lines += ["outputs:\n", OUTPUTS[start.output.kind].format(name=start.output.name), "data:\n"]
    reading = READING if start.sees and start.output.kind == "text" else ""
    return "".join([*lines, data_lines(start), reading, default_lines(start)])


def data_lines(start: Start) -> str:
    """The lines of sources, of the split if there is only train, and of the tokens of texts."""
    lines = [f"  # {line}\n" for line in source_hints(start)]
    splits = start.splits or example(start)
    lines += [f"  {split}: {yaml_line(source)}\n" for split, source in splits.items()]
    if "valid" not in splits:
        shares = {"valid": 0.05, "test": 0.05} if start.output.kind == "text" else {"valid": 0.1, "test": 0.1}
        kept = {split: share for split, share in shares.items() if split not in splits}
        lines.append(
            with_comment(f"  split: {yaml_line(kept)}", "or valid: and test: with data of their own")
        )
    if start.output.kind == "text":
        lines.append(f"  tokens: {TOKEN_SETTINGS['image' if start.sees else 'text']}\n")
    return "".join(lines)


def source_hints(start: Start) -> list[str]:
    """Comments about other sources that could be used under data:."""
    if start.output.kind == "mask":
        return ["classes are the names of the values 0, 1, 2, ... of the pixels, or names with their colours"]
    if start.output.kind == "boxes":
        return [
            "or {voc: FOLDER, split: train}, {yolo: data.yaml, split: train}, {coco: FILE.json, images: FOLDER}"
        ]
    if start.sees:
        return [
            "a table .tsv, .csv, .jsonl or .parquet with a column for each name; images as paths from the table on"
        ]
    return [
        "or {table: pairs.tsv}, also .csv, .jsonl, .parquet, with a column for each name; or parallel lines"
    ]


def example(start: Start) -> dict[str, Mapping[str, Any]]:
    """Placeholder sources, to be replaced by the user."""
    if start.output.kind == "mask":
        return {"train": {"masks": "masks", "images": "images", "classes": ["background", "object"]}}
    if start.output.kind == "boxes":
        return {"train": {"coco": "annotations.json", "images": "images"}}
    names = [field.name for field in (*start.inputs, start.output)]
    if start.sees:
        return {"train": {"table": "train.tsv"}}
    return {"train": {"lines": {name: f"train.{name}" for name in names}}}


def default_lines(start: Start) -> str:
    """The most useful defaults, as comments."""
    defaults = {option.path: option.default for one in sections() for option in one.options}
    lines = ["# what may be changed, with the defaults:\n"]
    for section, names in MAIN.items():
        if section == "decoding" and start.output.kind != "text":
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


def start_of(
    given: Sequence[NewField], asked: NewField | None, kind: str | None, found: Found | None, file: Path
) -> Start:
    """Combine what the user gave with what was detected.

    Args:
        given: The inputs.
        asked: The output, if it was given.
        kind: Kind of the output, if it was given.
        found: The detected data, if there are any.
        file: The file to write, at which relative paths start.

    Returns:
        The content of the file.

    Raises:
        ConfigurationError: If they contradict each other.
    """
    kind = (
        (asked.kind if asked is not None else "") or kind or (found.output if found is not None else "text")
    )
    columns = named_columns(found.columns) if found is not None else {}
    *first, last = list(columns) if len(columns) > 1 else ["source", "target"]
    if kind != "text":
        first = ["image"]
    inputs = [with_kind(field, kind) for field in given or [NewField(name, "") for name in first]]
    usual = USUAL_NAMES.get(
        kind, "text" if not columns and any(one.kind == "image" for one in inputs) else last
    )
    output = NewField(asked.name if asked is not None else usual, kind)
    refuse_unlike(kind, found)
    splits = {} if found is None else {split: from_file(one, file) for split, one in found.splits.items()}
    theirs = {name: column for name, column in columns.items() if name != column}
    if theirs and not given and asked is None:
        splits = {split: {**source, "columns": theirs} for split, source in splits.items()}
    return Start(inputs, output, splits)


def with_kind(field: NewField, output: str) -> NewField:
    """Choose the kind of an input: an image if the output needs one or its name says so, else a text."""
    image = output != "text" or field.name.lower() in IMAGE_NAMES
    return NewField(field.name, field.kind or ("image" if image else "text"))


def named_columns(columns: Sequence[str]) -> dict[str, str]:
    """A valid name for each column of a table: its own, if possible."""
    return {
        column if column.isidentifier() and column not in TAKEN_NAMES else f"column{number}": column
        for number, column in enumerate(columns, start=1)
    }


def refuse_unlike(kind: str, found: Found | None) -> None:
    """Refuse detected data that cannot be of the kind of the output."""
    if found is None or found.output == kind or (found.output, kind) == ("boxes", "mask"):
        return
    holds = {"text": "a table", "boxes": "annotated images", "mask": "masks of images"}[found.output]
    raise ConfigurationError(
        f"--data holds {holds}, which give no {kind}; leave out the kind, or name other data"
    )


def from_file(source: Mapping[str, Any], file: Path) -> dict[str, Any]:
    """A source with paths relative to the folder of the file."""
    folder = file.absolute().parent
    return {
        key: Path(os.path.relpath(value.absolute(), folder)).as_posix() if isinstance(value, Path) else value
        for key, value in source.items()
    }
