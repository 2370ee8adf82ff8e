"""YOLO's data.yaml: where the images of each split are, and the names of the classes.

Texts are taken as they are written, so that a class may be called `no` or `on`.
"""

from dataclasses import dataclass
from pathlib import Path

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from jumok.data.annotations.located_json import read_text
from jumok.data.faults import Fault, UnreadableFile
from jumok.data.reading import is_file, is_folder

NOT_SPLITS = {"path", "names", "nc", "download", "roboflow", "kpt_shape", "flip_idx", "channels"}


@dataclass(frozen=True)
class YoloFile:
    """A data.yaml."""

    path: Path
    root: Path  # what the places of splits start at
    names: tuple[str, ...]
    splits: dict[str, tuple[str, ...]]  # folders, or .txt files that list images

    def places(self, split: str) -> list[Path]:
        """Folders and lists of a split; ../train/images, which some tools write, may mean train/images."""
        return [self.place(text) for text in self.splits[split]]

    def place(self, text: str) -> Path:
        path = self.root / text
        inside = self.root / text.removeprefix("../")
        there = is_folder(path) or is_file(path)
        return inside if not there and (is_folder(inside) or is_file(inside)) else path


def read_yolo_file(path: Path) -> YoloFile:
    """Read a data.yaml; raises UnreadableFile."""
    top = compose(path)
    if not isinstance(top, MappingNode):
        raise wrong(path, top, "expected names: and train:", "name a YOLO data.yaml")
    entries = {key.value: value for key, value in top.value if isinstance(key, ScalarNode)}
    if "names" not in entries:
        raise wrong(path, top, "has no names", "list the names of the classes under names:")
    names = class_names(path, entries["names"])
    check_count(path, entries.get("nc"), len(names))
    stated = entries.get("path")
    root = path.parent / (stated.value if isinstance(stated, ScalarNode) else "")
    places = {name: split_places(path, node) for name, node in entries.items() if name not in NOT_SPLITS}
    return YoloFile(path, root, names, {name: found for name, found in places.items() if found})


def compose(path: Path) -> Node | None:
    """The outermost node of a YAML file."""
    text = read_text(path)
    try:
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        reason = error.problem or "not YAML"
    except (yaml.YAMLError, RecursionError) as error:
        line, reason = None, str(error).splitlines()[0]
    raise UnreadableFile(
        Fault(str(path), line, f"is not valid YAML ({reason})", "mend the file", "bad_yaml")
    ) from None


def class_names(path: Path, node: Node) -> tuple[str, ...]:
    """Names from a list, or from a mapping of 0, 1, 2, … to names."""
    if isinstance(node, SequenceNode):
        given = list(enumerate(node.value))
    elif isinstance(node, MappingNode):
        given = [(class_number(path, key), value) for key, value in node.value]
    else:
        raise wrong(path, node, "names is no list", "write names: [a, b] or names: {0: a, 1: b}")
    for _, value in given:
        if not isinstance(value, ScalarNode) or not value.value:
            raise wrong(path, value, "a class name is no text", "write a name")
    named = {number: str(value.value) for number, value in given}
    if len(named) < len(given) or sorted(named) != list(range(len(named))):
        raise wrong(path, node, f"names must be numbered 0 to {len(given) - 1}", "leave no number out")
    if len(set(named.values())) < len(named):
        twice = next(name for name in named.values() if list(named.values()).count(name) > 1)
        raise wrong(path, node, f"two classes are called {twice!r}", "give each its own name")
    return tuple(named[number] for number in range(len(named)))


def class_number(path: Path, key: Node) -> int:
    if isinstance(key, ScalarNode) and str(key.value).isdecimal():
        return int(key.value)
    raise wrong(path, key, "the number of a class is no number", "write names: {0: a, 1: b}")


def check_count(path: Path, node: Node | None, count: int) -> None:
    if isinstance(node, ScalarNode) and node.value != str(count):
        raise wrong(path, node, f"nc is {node.value}, but there are {count} names", "drop nc or mend it")


def split_places(path: Path, node: Node) -> tuple[str, ...]:
    """Where the images of a split are: one text or a list of them; nothing when it is left empty."""
    nodes = node.value if isinstance(node, SequenceNode) else [node]
    if not all(isinstance(one, ScalarNode) for one in nodes):
        return ()
    return tuple(str(one.value) for one in nodes if one.tag != "tag:yaml.org,2002:null")


def wrong(path: Path, node: Node | None, problem: str, remedy: str) -> UnreadableFile:
    line = None if node is None else node.start_mark.line + 1
    return UnreadableFile(Fault(str(path), line, problem, remedy, "bad_yaml"))


def yolo_file_text(names: tuple[str, ...], splits: dict[str, str]) -> str:
    """A data.yaml whose places start at its own folder."""
    places = yaml.safe_dump(splits, allow_unicode=True, sort_keys=False)
    numbered = yaml.safe_dump({"names": dict(enumerate(names))}, allow_unicode=True, sort_keys=False)
    return places + numbered
