"""Adds a class to a data.yaml or obj.names while all else keeps its bytes."""

import re
from pathlib import Path

import yaml
from yaml.nodes import CollectionNode, MappingNode, ScalarNode, SequenceNode

from jumok.data.annotations.yolo.file import keyed, yolo_class_names
from jumok.data.tables.faults import UnreadableFile
from jumok.errors import DataError

DASH = re.compile(r"[ \t]*-[ \t]+")


def with_yolo_name(path: Path, text: str, name: str) -> str:
    """The text of a data.yaml with one more class.

    Args:
        path: The file.
        text: Its text.
        name: The class.

    Returns:
        The text.

    Raises:
        DataError: If the names are written in a way that cannot be added to.
    """
    top = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(top, MappingNode):
        raise unlike(path, name)
    entries = keyed(path, top)
    names = entries.get("names")
    if not isinstance(names, CollectionNode):
        raise unlike(path, name)
    count = len(names.value)
    edits = [_added(text, names, count, yaml_scalar(name))]
    stated = entries.get("nc")
    if isinstance(stated, ScalarNode) and stated.value == str(count):
        edits.append((stated.start_mark.index, stated.end_mark.index, str(count + 1)))
    made = text
    for start, end, new in sorted(edits, reverse=True):
        made = made[:start] + new + made[end:]
    if parsed_names(path, made) != (*yolo_class_names(path, names), name):
        raise unlike(path, name)
    return made


def _added(text: str, names: CollectionNode, count: int, scalar: str) -> tuple[int, int, str]:
    """Where a name is added, and the text that is added there."""
    is_list = isinstance(names, SequenceNode)
    if not names.value:  # [] or {}
        end = names.end_mark.index - 1
        return end, end, scalar if is_list else f"0: {scalar}"
    last = names.value[-1]
    key, value = (last, last) if is_list else last
    member = scalar if is_list else f"{count}: {scalar}"
    end = value.end_mark.index
    if names.flow_style:
        return end, end, f", {member}"
    line = text.rfind("\n", 0, key.start_mark.index) + 1
    found = DASH.match(text, line)
    lead = found[0] if is_list and found else text[line : key.start_mark.index]
    newline = text.find("\n", end)
    line_end = "\r\n" if "\r\n" in text else "\n"
    if newline < 0:
        return len(text), len(text), f"{line_end}{lead}{member}"
    return newline + 1, newline + 1, f"{lead}{member}{line_end}"


def parsed_names(path: Path, text: str) -> tuple[str, ...] | None:
    """The classes of a text; None if it is no data.yaml any more."""
    try:
        top = yaml.compose(text, Loader=yaml.SafeLoader)
        return yolo_class_names(path, keyed(path, top)["names"]) if isinstance(top, MappingNode) else None
    except (yaml.YAMLError, UnreadableFile, KeyError):
        return None


def yaml_scalar(name: str) -> str:
    """A text as YAML, in quotes where it needs them."""
    return str(yaml.safe_dump([name], default_flow_style=True, allow_unicode=True, width=10**6))[1:-2]


def with_darknet_name(text: str, name: str) -> str:
    """The text of obj.names with one more class."""
    line_end = "\r\n" if "\r\n" in text else "\n"
    return f"{text}{'' if not text or text.endswith(line_end) else line_end}{name}{line_end}"


def unlike(path: Path, name: str) -> DataError:
    """The error for names that are written in an unusual way."""
    return DataError(f"{path}: {name!r} could not be added to its names; write it there by hand")
