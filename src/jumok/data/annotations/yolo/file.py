"""YOLO's data.yaml: the images of each split, and the names of the classes.

Values are read as text, so that a class may be called `no` or `on`.
"""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from jumok.data.annotations.documents.located_json import read_text
from jumok.data.annotations.yolo.places import Places
from jumok.data.tables.faults import UnreadableFile, fail
from jumok.data.tables.listing import composed, forward_slashes
from jumok.data.tables.listing import entries as entries_of
from jumok.data.tables.open_text import is_file, is_folder

NULL = "tag:yaml.org,2002:null"
NOT_SPLITS = {"path", "names", "nc", "download", "roboflow", "kpt_shape", "flip_idx", "channels"}


@dataclass(frozen=True)
class YoloFile:
    """The content of a data.yaml."""

    path: Path
    root: Path  # what the places of splits start at
    names: tuple[str, ...]
    splits: dict[str, tuple[str, ...]]  # folders, or .txt files that list images


def read_yolo_file(path: Path) -> YoloFile:
    """Read a data.yaml or darknet's obj.data, or the one in a folder; raises UnreadableFile."""
    path = file_in(path) if is_folder(path) else path
    if path.suffix.lower() == ".data":
        return read_darknet(path)
    top = compose_yaml(path)
    if not isinstance(top, MappingNode):
        raise yaml_error(path, top, "expected names: and train:", hint_beside(path))
    entries = keyed(path, top)
    if "names" not in entries:
        raise yaml_error(path, top, "has no names", "list the names of the classes under names:")
    names = yolo_class_names(path, entries["names"])
    check_count(path, entries.get("nc"), len(names))
    places = {name: split_places(path, node) for name, node in entries.items() if name not in NOT_SPLITS}
    splits = {name: found for name, found in places.items() if found}
    return YoloFile(path, path.parent / stated_root(entries.get("path")), names, splits)


def file_in(folder: Path) -> Path:
    """The data.yaml of a folder, under any name."""
    names = [name for name in entries_of(folder) if name.lower().endswith((".yaml", ".yml", ".data"))]
    names.sort(key=lambda name: (name not in ("data.yaml", "data.yml"), name))
    if not names or (len(names) > 1 and names[0] not in ("data.yaml", "data.yml")):
        found = f"it holds {', '.join(names)}" if names else "it holds no data.yaml"
        remedy = "name the file" if names else "write one with names: [a, b] and train: images/train"
        raise fail(folder, None, f"is a folder, and {found}", remedy, "missing_file")
    return folder / names[0]


def hint_beside(path: Path) -> str:
    """Which file to name instead of one that is no data.yaml."""
    names = [name for name in entries_of(path.parent) if name.lower().endswith((".yaml", ".yml", ".data"))]
    others = [name for name in names if name != path.name]
    return f"name {others[0]}, which lies beside it" if len(others) == 1 else "name a YOLO data.yaml"


def stated_root(node: Node | None) -> str:
    """The value of `path:`; empty if it is missing or null."""
    if not isinstance(node, ScalarNode) or node.tag == NULL:
        return ""
    return forward_slashes(node.value)


def keyed(path: Path, top: MappingNode) -> dict[str, Node]:
    """The entries of a mapping; duplicate keys are refused."""
    lines: dict[str, int] = {}
    entries: dict[str, Node] = {}
    for key, value in top.value:
        if not isinstance(key, ScalarNode):
            continue
        if key.value in lines:
            problem = f"{key.value!r} is already in line {lines[key.value]}"
            raise yaml_error(path, key, problem, "remove one of them")
        lines[key.value] = key.start_mark.line + 1
        entries[key.value] = value
    return entries


def read_darknet(path: Path) -> YoloFile:
    """darknet's obj.data, which CVAT calls YOLO 1.1: `train = train.txt`, `names = obj.names`."""
    entries: dict[str, str] = {}
    for line in read_text(path).splitlines():
        key, equals, value = line.partition("=")
        if equals and value.strip():
            entries[key.strip()] = forward_slashes(value)
    if "names" not in entries:
        raise fail(path, None, "has no line names = obj.names", "name a YOLO data.yaml", "bad_yaml")
    places = Places(path.parent, path.parent)
    names = places.folder_or_list(entries["names"]) or named_beside(path, entries["names"])
    listed = tuple(composed(line.strip()) for line in read_text(names).splitlines() if line.strip())
    if len(set(listed)) < len(listed):
        raise fail(names, None, "names a class twice", "give each its own name", "bad_yaml")
    found = {"train": entries.get("train"), "val": entries.get("valid", entries.get("val"))}
    found["test"] = entries.get("test")
    splits: dict[str, tuple[str, ...]] = {
        name: (named_or_said(path, text),) for name, text in found.items() if text
    }
    return YoloFile(path, path.parent, listed, splits)


def named_beside(path: Path, text: str) -> Path:
    """The file of a path whose folders do not exist, if it is beside the file that names it."""
    return path.parent / PurePosixPath(text).name


def named_or_said(path: Path, text: str) -> str:
    """A list as obj.data names it, or its file name beside it: CVAT writes data/train.txt for train.txt."""
    beside = named_beside(path, text)
    return text if not is_file(beside) or is_file(path.parent / text) else beside.name


def compose_yaml(path: Path) -> Node | None:
    """The root node of a YAML file."""
    text = read_text(path)
    try:
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        reason = error.problem or "not YAML"
    except (yaml.YAMLError, RecursionError) as error:
        line, reason = None, str(error).splitlines()[0]
    raise fail(path, line, f"is not valid YAML ({reason})", "fix the file", "bad_yaml") from None


def yolo_class_names(path: Path, node: Node) -> tuple[str, ...]:
    """Names from a list, or from a mapping of 0, 1, 2, … to names."""
    if isinstance(node, SequenceNode):
        given = list(enumerate(node.value))
    elif isinstance(node, MappingNode):
        given = [(class_number(path, key), value) for key, value in node.value]
    else:
        raise yaml_error(path, node, "names is no list", "write names: [a, b] or names: {0: a, 1: b}")
    for _, value in given:
        if not isinstance(value, ScalarNode) or not value.value:
            raise yaml_error(path, value, "a class name is no text", "write a name")
    named = {number: composed(str(value.value)) for number, value in given}
    if len(named) < len(given) or sorted(named) != list(range(len(named))):
        raise yaml_error(path, node, f"names must be numbered 0 to {len(given) - 1}", "leave no number out")
    if len(set(named.values())) < len(named):
        twice = next(name for name in named.values() if list(named.values()).count(name) > 1)
        raise yaml_error(path, node, f"two classes are called {twice!r}", "give each its own name")
    return tuple(named[number] for number in range(len(named)))


def class_number(path: Path, key: Node) -> int:
    """The number of a class in the keys of `names`."""
    if isinstance(key, ScalarNode) and str(key.value).isdecimal():
        return int(key.value)
    raise yaml_error(path, key, "the number of a class is no number", "write names: {0: a, 1: b}")


def check_count(path: Path, node: Node | None, count: int) -> None:
    """Check that nc is the number of names; raises UnreadableFile."""
    if isinstance(node, ScalarNode) and node.value != str(count):
        raise yaml_error(path, node, f"nc is {node.value}, but there are {count} names", "drop nc or fix it")


def split_places(path: Path, node: Node) -> tuple[str, ...]:
    """The places of a split's images: one text or a list; none if it is empty."""
    nodes = node.value if isinstance(node, SequenceNode) else [node]
    if not all(isinstance(one, ScalarNode) for one in nodes):
        return ()
    return tuple(str(one.value) for one in nodes if one.tag != NULL)


def yaml_error(path: Path, node: Node | None, problem: str, remedy: str) -> UnreadableFile:
    """The error for a node that cannot be used.

    Args:
        path: The file.
        node: The node, whose line is named.
        problem: What is wrong.
        remedy: What to do.

    Returns:
        The error.
    """
    line = None if node is None else node.start_mark.line + 1
    return fail(path, line, problem, remedy, "bad_yaml")


def yolo_file_text(names: tuple[str, ...], splits: dict[str, str]) -> str:
    """The text of a data.yaml whose paths start at its own folder."""
    places = yaml.safe_dump(splits, allow_unicode=True, sort_keys=False)
    numbered = yaml.safe_dump({"names": dict(enumerate(names))}, allow_unicode=True, sort_keys=False)
    return places + numbered
