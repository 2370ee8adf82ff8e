"""From a YAML file and overrides to an Experiment, or to one sentence that says where it is wrong."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from yaml.nodes import MappingNode, Node, SequenceNode

from jumok.errors import ConfigurationError, did_you_mean
from jumok.experiment.options import Experiment

PATH_KEYS = ("table", "lexicon")  # of a source; `lines` holds one path for each column


class _Loader(yaml.SafeLoader):
    """YAML 1.2's booleans and numbers: `no` is a language, 1e-3 is a number; a key may stand once."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in rules if not tag.endswith((":bool", ":float"))]
        for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                line = key_node.start_mark.line + 1
                raise ConfigurationError(f"{self.name}:{line}: {key!r} stands here twice; drop one")
            seen.add(key)
        return super().construct_mapping(node, deep)


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|false|True|False)$"), list("tfTF")
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][-+]?\d+)?$|^[-+]?\.(?:inf|Inf)$|^\.(?:nan|NaN)$"),
    list("-+0123456789."),
)
# Integers were registered before floats, and the first match counts; put them in front again.
for _rules in _Loader.yaml_implicit_resolvers.values():
    _rules.sort(key=lambda rule: not rule[0].endswith(":int"))


def read_experiment(path: Path, overrides: Sequence[str] = ()) -> Experiment:
    """Read an experiment file; `overrides` are like "training.steps=200".

    Relative paths start at the file. Errors: ConfigurationError with file, line, what was expected and the nearest name.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        near = did_you_mean(path.name, [file.name for file in path.parent.glob("*.y*ml")])
        raise ConfigurationError(f"{path}: there is no such file{near}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: cannot be read as UTF-8 text: {error}") from None
    given, root = parse_yaml(text, str(path))
    if not isinstance(given, dict):
        raise ConfigurationError(f"{path}: expected a mapping with 'inputs', 'outputs' and 'data'")
    for override in overrides:
        set_value(given, override)
    resolve_paths(given, path.parent)
    return build_experiment(given, str(path), root)


def parse_yaml(text: str, name: str) -> tuple[Any, Node | None]:
    """The values of a YAML text and its nodes, which know their lines."""
    try:
        loader = _Loader(text)
        loader.name = name
        root = loader.get_single_node()
        return (loader.construct_document(root) if root is not None else None), root
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigurationError(f"{name}:{line}: not YAML: {error.problem}") from None
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{name}: not YAML: {error}") from None


def set_value(given: dict[str, Any], override: str) -> None:
    """Apply "a.b.c=value", the value read as YAML."""
    key, equals, value = override.partition("=")
    if not equals or not key.strip():
        raise ConfigurationError(f"--set {override!r}: expected KEY=VALUE, like training.steps=200")
    *parents, last = key.strip().split(".")
    place = given
    for parent in parents:
        inner = place.setdefault(parent, {})
        if inner is None:
            inner = place[parent] = {}
        if not isinstance(inner, dict):
            raise ConfigurationError(f"--set {override!r}: {parent!r} is a value, it has no {last!r} inside")
        place = inner
    place[last], _ = parse_yaml(value, f"--set {override!r}")


def resolve_paths(given: dict[str, Any], folder: Path) -> None:
    """Make the paths of data sources absolute, in place; they start at `folder`."""
    data = given.get("data")
    for source in data.values() if isinstance(data, dict) else ():
        if not isinstance(source, dict):
            continue
        for holder, keys in ((source, PATH_KEYS), (source.get("lines"), None)):
            if isinstance(holder, dict):
                for key in keys if keys is not None else list(holder):
                    if isinstance(holder.get(key), str):
                        holder[key] = str((folder / Path(holder[key]).expanduser()).resolve())


def build_experiment(given: dict[str, Any], name: str, root: Node | None = None) -> Experiment:
    """Validate, and turn the first error into a sentence with its line."""
    try:
        return Experiment.model_validate(given)
    except ValidationError as error:
        found = error.errors(include_url=False)
        # an unknown name explains the missing one beside it, so it is told first
        first = min(found, key=lambda e: 0 if e["type"] == "value_error" else 1)
        where, node = locate(first["loc"], root)
        line = f":{node.start_mark.line + 1}" if node is not None else ""
        raise ConfigurationError(f"{name}{line}: {sentence(first, where)}") from None


def locate(loc: Iterable[int | str], root: Node | None) -> tuple[str, Node | None]:
    """The dotted name of an error's place, and the deepest node that still exists on the way to it."""
    names, node = [], root
    for part in loc:
        inner = child(node, part)
        if inner is not None:
            node = inner
            names.append(str(part))
        elif not isinstance(node, MappingNode) or is_plain(part, node):
            names.append(str(part))
    return ".".join(names), node


def child(node: Node | None, part: int | str) -> Node | None:
    if isinstance(node, MappingNode):
        return next((value for key, value in node.value if key.value == str(part)), None)
    if isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part]
    return None


def is_plain(part: int | str, node: MappingNode) -> bool:
    """Whether a part of an error's place is a name in the file, not pydantic's mark for a choice of a union."""
    tags = {value.value for key, value in node.value if key.value == "kind"}
    text = str(part)
    return text not in tags and text.isidentifier() and text not in ("float", "int", "str")


def sentence(error: Any, where: str) -> str:
    """One sentence for an error of pydantic: where, what was expected, what came."""
    kind, context = error["type"], error.get("ctx", {})
    if kind == "value_error":
        message = str(context["error"])
        if message.startswith("no option"):
            name, rest = message.removeprefix("no option ").split(" here", 1)
            return f"{where or 'the file'} has no option {name}{rest}"
        return f"{where}: {message}" if where else message
    if kind == "missing":
        return f"{where} is missing"
    if kind == "union_tag_invalid":
        expected = [tag.strip("' ") for tag in context["expected_tags"].split(",")]
        hint = did_you_mean(str(context["tag"]), expected)
        return f"{where}: there is no kind {context['tag']!r}{hint}; expected one of {', '.join(expected)}"
    if kind == "union_tag_not_found":
        return f"{where}: say which kind it is, like kind: transformer"
    if kind == "literal_error":
        hint = did_you_mean(str(error["input"]), re.findall(r"'([^']*)'", context["expected"]))
        return (
            f"{where}: expected {context['expected']}, got {error['input']!r}{hint if 'mean' in hint else ''}"
        )
    expected = (
        error["msg"].removeprefix("Input should be ").removesuffix(", unable to parse string as a number")
    )
    return f"{where}: expected {expected}, got {error['input']!r}"
