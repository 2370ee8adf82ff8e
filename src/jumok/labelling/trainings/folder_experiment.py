"""The experiment of a folder that is labelled, as `jumok new` writes it, in a file that a user may change.

Its train split is the newest snapshot of what is labelled, so that `jumok train` can be given the file at any time.
Without a connection to timm's hub the network is one that needs no weights.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from yaml.nodes import MappingNode, Node, ScalarNode

from jumok.choices import OWN_BACKBONE
from jumok.errors import ConfigurationError
from jumok.experiment.file import resolve_paths
from jumok.experiment.found import Found, OutputName
from jumok.experiment.loader import parse_yaml
from jumok.experiment.made_data import NewField
from jumok.experiment.starting import from_file, start_of, starting_text, yaml_line
from jumok.labelling.opening import OpenedLabels
from jumok.runs.layout import RunLayout

NEW_HEAD = """\
# Trainings of `jumok label` use this file, which may be changed, with what is labelled then in place of data.train.
"""
FRESH_HEAD = """\
# The pretrained weights of {name} could not be downloaded when this file was written, so the network is a small one
# that needs none. Once there is a connection, delete this file: the next training writes it anew.
"""
FRESH_ENCODER = f"""\
backbone: {OWN_BACKBONE}    # small, built in, no download; or any timm model
      channels: [8, 16, 32, 64, 64]
"""
FRESH_SECTIONS = {  # for few images and little time; a file that has one of them keeps it
    "model": "model: {width: 64}               # the usual width is 256\n",
    "training": "training: {steps: 200, batch_size: 8}   # a minute or two of one core; more for the last model\n",
}
NEW_FIELDS = {  # input and kind of output in a new experiment, by what is marked
    "objects": ("image", "boxes"),
    "mask": ("image", "mask"),
    "values": ("image", "label"),
    "stretches": ("series", "label"),
}
SNAPSHOT = re.compile(r"\d+/data(/.*)?")  # a path in a snapshot, from the folder of the trainings on


class FolderExperiment(NamedTuple):
    """The text of the file, and what its user should know."""

    text: str
    note: dict[str, str] | None = None  # in English and Korean


def folder_experiment(opened: OpenedLabels, source: Mapping[str, Any], run: Path) -> FolderExperiment:
    """The experiment of a folder: that of the file beside its trainings, or a new one.

    Args:
        opened: The annotations.
        source: The newest snapshot.
        run: The run folder that holds it.

    Returns:
        The experiment, whose train split is the snapshot.
    """
    file = RunLayout(run.parent).experiment
    paths = {name: Path(one) if Path(str(one)).is_absolute() else one for name, one in source.items()}
    if file.exists():
        return FolderExperiment(with_snapshot(file, paths))
    first, kind = NEW_FIELDS[opened.store.kind]
    asked = [NewField(one.name, one.kind, "OUTPUT") for one in opened.store.columns]
    usual = "mask" if kind == "mask" else "objects"
    outputs = asked or [NewField(usual if first == "image" else kind, kind, "OUTPUT")]
    holds: OutputName = "boxes" if kind == "boxes" else "mask" if kind == "mask" else "text"
    inputs = [NewField("image" if first == "image" else "signal", first, "INPUT")]
    start = start_of(inputs, outputs, None, Found(holds, {**opened.beside, "train": paths}), file)
    return that_can_be_trained(starting_text(start, file), file)


def folder_options(text: str, file: Path) -> dict[str, Any]:
    """The options in the text of an experiment, with whole paths."""
    values, _ = parse_yaml(text, str(file))
    resolve_paths(values, file.parent)
    found: dict[str, Any] = values
    return found


def that_can_be_trained(text: str, file: Path) -> FolderExperiment:
    """A new experiment; where the weights of its backbone cannot be had, with one that needs none.

    Args:
        text: The text of the experiment.
        file: Where it will be.

    Returns:
        The experiment, with a note if it was changed.
    """
    from jumok.encoders.pretrained import hub_weights

    root = parse_yaml(text, str(file))[1]
    node = node_at(root, "inputs", "image", "encoder", "backbone")
    if node is None:
        return FolderExperiment(NEW_HEAD + text)
    name = str(node.value)
    try:
        hub_weights(name)
    except ConfigurationError:
        head = NEW_HEAD + FRESH_HEAD.format(name=name)
        note = {
            "en": f"The weights of {name} cannot be downloaded here, so a small network learns without them. "
            f"Once there is a connection, delete {file} to train with them.",
            "ko": f"여기서는 {name}의 가중치를 내려받을 수 없어 작은 신경망을 처음부터 학습합니다. 인터넷에 연결된 뒤 "
            f"{file} 파일을 지우면 가중치를 내려받아 학습합니다.",
        }
        start = text.rindex("backbone:", 0, node.start_mark.index)
        after = text[text.index("\n", node.end_mark.index) + 1 :]
        small = [line for section, line in FRESH_SECTIONS.items() if node_at(root, section) is None]
        return FolderExperiment("".join([head, text[:start], FRESH_ENCODER, after, *small]), note)
    return FolderExperiment(NEW_HEAD + text)


def with_snapshot(file: Path, source: Mapping[str, Any]) -> str:
    """The text of a file whose train split, if it is an older snapshot, is the newest; all else stays as it is.

    Args:
        file: The file.
        source: The newest snapshot.

    Returns:
        The text.
    """
    text = file.read_text(encoding="utf-8")
    values, root = parse_yaml(text, str(file))
    node = node_at(root, "data", "train")
    if node is None or not any(SNAPSHOT.fullmatch(str(leaf.value)) for leaf in leaves(node)):
        return text
    kept = kept_options(values["data"]["train"], source)
    return with_node_replaced(text, node, yaml_line({**kept, **from_file(source, file)}))


def kept_options(given: Mapping[str, Any], source: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a source that a snapshot of it does not say, like the names of columns, where they fit it."""
    from jumok.experiment.sources import BELONGS, SOURCE_FORMATS

    format = next(name for name in SOURCE_FORMATS if name in source)
    fitting = {name for name, formats in BELONGS.items() if format in formats} - {"images", "split"}
    return {name: value for name, value in given.items() if name in fitting and name not in source}


def node_at(node: Node | None, *names: str) -> Node | None:
    """What stands under these names in a document; None if it is not there."""
    for name in names:
        if not isinstance(node, MappingNode):
            return None
        node = next((value for key, value in node.value if key.value == name), None)
    return node


def leaves(node: Node) -> Iterator[ScalarNode]:
    """The scalars in a node, in the order of the text."""
    if isinstance(node, ScalarNode):
        yield node
        return
    for part in node.value:
        for one in part if isinstance(part, tuple) else (part,):
            yield from leaves(one)


def with_node_replaced(text: str, node: Node, new: str) -> str:
    """A text with something else in place of a node; comments after it stay.

    Args:
        text: The text of the document.
        node: What is replaced.
        new: What comes in its place.

    Returns:
        The new text.
    """
    start = node.start_mark.index
    block = isinstance(node, MappingNode) and not node.flow_style
    end = max((leaf.end_mark.index for leaf in leaves(node)), default=start) if block else node.end_mark.index
    return text[:start] + new + text[end:]
