"""From a YAML file and overrides to an Experiment, or to one sentence that says where it is wrong."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode

from jumok.data.pipes import is_pipe, spooled
from jumok.errors import ConfigurationError, did_you_mean

if TYPE_CHECKING:
    from jumok.experiment.options import Experiment

NO_FILES = ("default", "none")  # weights that are not in a file
PATH_KEYS = (
    "table",
    "lexicon",
    "voc",
    "coco",
    "yolo",
    "masks",
    "images",
)  # of a source; `lines` holds several


OTHERWISE = (":bool", ":int", ":float", ":timestamp")  # what YAML 1.1 reads in ways that few people mean


class _Loader(yaml.SafeLoader):
    """YAML 1.2: `no` is a language, 1e-3 a number, 0010 is ten, 1:30 a text; a key may stand once."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in rules if not tag.endswith(OTHERWISE)]
        for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":  # <<: what it brings in may stand here, too
                continue
            place = f"{self.name}:{key_node.start_mark.line + 1}"
            if not isinstance(key_node, ScalarNode):
                raise ConfigurationError(
                    f"{place}: a name was expected before the colon, not a list or braces"
                )
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise ConfigurationError(f"{place}: {key!r} stands here twice; drop one")
            seen.add(key)
        return super().construct_mapping(node, deep)

    def construct_whole_number(self, node: ScalarNode) -> int:
        """Decimal, whatever zeros stand before it; 0o and 0x say that it is not."""
        text = str(self.construct_scalar(node))
        try:
            return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))
        except ValueError:  # `!!int word`
            place = f"{self.name}:{node.start_mark.line + 1}"
            raise ConfigurationError(f"{place}: {text[:60]!r} is no whole number") from None


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|false|True|False)$"), list("tfTF")
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][-+]?\d+)?$|^[-+]?\.(?:inf|Inf)$|^\.(?:nan|NaN)$"),
    list("-+0123456789."),
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:int",
    re.compile(r"^[-+]?\d{1,4000}$|^0o[0-7]{1,4000}$|^0x[0-9a-fA-F]{1,4000}$"),
    list("-+0123456789"),
)
_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_whole_number)
# The first match counts, and whole numbers match the pattern of floats, too.
for _rules in _Loader.yaml_implicit_resolvers.values():
    _rules.sort(key=lambda rule: not rule[0].endswith(":int"))


def read_experiment(path: Path | str, overrides: Sequence[str] = ()) -> "Experiment":
    """Read an experiment file; `overrides` are like "training.steps=200".

    Relative paths start at the file. A ConfigurationError has file, line, what was expected and the nearest name.
    """
    path = Path(path)
    try:
        if path.is_char_device() and path != Path(os.devnull):
            raise ConfigurationError(f"{path} is a device, expected an experiment file")
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        near = did_you_mean(path.name, [file.name for file in path.parent.glob("*.y*ml")])
        raise ConfigurationError(f"{path}: there is no such file{near}") from None
    except IsADirectoryError:
        raise ConfigurationError(f"{path} is a folder, expected an experiment file") from None
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read ({error.strerror or error})") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path}: is not UTF-8 text; save it as UTF-8") from None
    except ValueError:  # a NUL in the name
        raise ConfigurationError(f"{str(path)!r} is no name of a file") from None
    given, root = parse_yaml(text, str(path))
    if not isinstance(given, dict):
        raise ConfigurationError(f"{path}: expected the options inputs, outputs and data")
    for override in overrides:
        set_value(given, override)
    resolve_paths(given, path.parent)
    return build_experiment(given, str(path), root, overrides)


def parse_yaml(text: str, name: str) -> tuple[Any, Node | None]:
    """The values of a YAML text and its nodes, which know their lines; a sentence gives name and line."""
    try:
        loader = _Loader(text)
        loader.name = name
        root = loader.get_single_node()
        return (loader.construct_document(root) if root is not None else None), root
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        problem = (
            f"{error.context} {error.problem}" if (error.problem or "").startswith("but") else error.problem
        )
        raise ConfigurationError(f"{name}:{line}: not YAML: {problem}") from None
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{name}: not YAML: {str(error).splitlines()[0]}") from None
    except RecursionError:
        raise ConfigurationError(f"{name}: not an experiment: its brackets are nested too deeply") from None


def keys_of(override: str) -> list[str]:
    """The names before the = of an override: "a.b.c=value" gives a, b and c."""
    return override.partition("=")[0].strip().split(".")


def set_value(given: dict[str, Any], override: str) -> None:
    """Apply "a.b.c=value", the value read as YAML."""
    _, equals, value = override.partition("=")
    *parents, last = keys = keys_of(override)
    if not equals or not all(keys):
        raise ConfigurationError(f"--set {override!r}: expected KEY=VALUE, like training.steps=200")
    place = given
    for parent in parents:
        inner = place.get(parent)
        if not isinstance(inner, dict | None):
            raise ConfigurationError(f"--set {override!r}: {parent!r} is a value, it has no {last!r} inside")
        place[parent] = dict(inner or {})  # a copy: an alias in the file would be changed, too
        place = place[parent]
    try:
        place[last], _ = parse_yaml(value, "value")
    except ConfigurationError as error:
        raise ConfigurationError(f"--set {override!r}: {error}") from None


def resolve_paths(given: dict[str, Any], folder: Path) -> None:
    """Make the paths of data sources and weights absolute, in place; they start at `folder`."""
    data, inputs = given.get("data"), given.get("inputs")
    for field in inputs.values() if isinstance(inputs, dict) else ():
        encoder = field.get("encoder") if isinstance(field, dict) else None
        weights = encoder.get("weights") if isinstance(encoder, dict) else None
        if isinstance(encoder, dict) and isinstance(weights, str) and weights not in NO_FILES:
            encoder["weights"] = absolute(weights, folder)
    for source in data.values() if isinstance(data, dict) else ():
        if not isinstance(source, dict):
            continue
        for holder, keys in ((source, PATH_KEYS), (source.get("lines"), None)):
            if isinstance(holder, dict):
                for key in keys if keys is not None else list(holder):
                    if isinstance(holder.get(key), str):
                        holder[key] = absolute(holder[key], folder)


def absolute(path: str, folder: Path) -> str:
    """A path that starts at `folder`, whole; what comes out of a pipe is kept in a file, for it comes once."""
    try:
        whole = folder / Path(path).expanduser()
        return str(spooled(whole) if is_pipe(whole) else whole.resolve())
    except ValueError:
        raise ConfigurationError(f"{path!r} is no name of a file: it holds a NUL character") from None
    except (OSError, RuntimeError) as error:  # too long, a loop of links, no home folder of that name
        reason = getattr(error, "strerror", None) or error
        raise ConfigurationError(f"{cut(path)!r} cannot be the name of a file ({reason})") from None


def cut(path: str) -> str:
    return path if len(path) <= 200 else path[:200] + "…"


def build_experiment(
    given: dict[str, Any], name: str, root: Node | None = None, overrides: Sequence[str] = ()
) -> "Experiment":
    """Validate, and turn the first error into a sentence with its line."""
    from pydantic import ValidationError

    from jumok.experiment.options import Experiment
    from jumok.experiment.sentences import explain

    try:
        return Experiment.model_validate(given)
    except ValidationError as error:
        raise ConfigurationError(explain(error, given, name, root, overrides)) from None
