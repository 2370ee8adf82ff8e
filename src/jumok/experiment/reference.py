"""The reference of all options with their values, defaults and meanings, generated from their classes."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from jumok.choices import Language
from jumok.errors import ConfigurationError, did_you_mean
from jumok.experiment.options import Experiment
from jumok.experiment.sources import SOURCE_FORMATS
from jumok.experiment.values import reference_name, type_in_words
from jumok.kinds.packages import KINDS

ROOT = "Experiment"
Schema = Mapping[str, Any]


@dataclass(frozen=True)
class Option:
    """One option of an experiment file."""

    path: str  # training.steps
    values: str  # what may be said, in words
    default: str | None  # as YAML has it; empty: not given; None: it must be given
    meaning: str
    sections: tuple[str, ...]  # where the options inside it are told


@dataclass(frozen=True)
class Section:
    """The options of one class, with their place in the file."""

    path: str  # inputs.image.encoder; of kinds that share their options, the first one's
    kinds: tuple[str, ...]  # as `kind:` names them, where there are several to choose from
    meaning: str
    options: tuple[Option, ...]

    @property
    def paths(self) -> list[str]:
        """The path of the section, once for each kind."""
        return [self.path.removesuffix(self.kinds[0]) + kind for kind in self.kinds] or [self.path]


@cache
def sections(language: Language = "en") -> tuple[Section, ...]:
    """All options, in the order of a file."""
    schema = json_schema(language)
    homes = homes_of(schema)
    return tuple(section(name, homes, schema, language) for name in classes_in_order(schema, homes))


def find_sections(wanted: str, language: Language = "en") -> list[Section]:
    """The sections at a path and below, or one section with the one option that is named."""
    known = sections(language)
    found = [one for one in known if any(f"{path}.".startswith(f"{wanted}.") for path in one.paths)]
    if found:
        return found
    for one in known:
        options = tuple(
            option for option in one.options if wanted in (option.path, *also_called(one, option))
        )
        if options:
            return [Section(one.path, one.kinds, one.meaning, options)]
    names = [path for one in known for path in (*one.paths, *(option.path for option in one.options))]
    raise ConfigurationError(f"there is no option {wanted!r}{did_you_mean(wanted, names)}")


def also_called(one: Section, option: Option) -> list[str]:
    """The paths of an option, once for each kind that has it."""
    name = option.path.rpartition(".")[2]
    return [f"{path}.{name}" for path in one.paths]


@cache
def option_words() -> dict[str, dict[str, dict[str, str]]]:
    """What each option means, by class, name and language; each kind has its own."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    for package in ("jumok.experiment", *KINDS.values()):
        file = files(package) / "descriptions.yaml"
        if file.is_file():
            found |= yaml.safe_load(file.read_text(encoding="utf-8"))
    return found


def meaning(of: str, name: str, language: Language) -> str:
    """The meaning of an option.

    Args:
        of: Name of the class.
        name: Name of the option.
        language: "en" or "ko".

    Returns:
        A sentence; empty if there is none.
    """
    return option_words().get(of, {}).get(name, {}).get(language, "")


def json_schema(language: Language = "en") -> dict[str, Any]:
    """The JSON schema of an experiment file, for editors."""
    made = Experiment.model_json_schema()
    classes = {ROOT: made, **made["$defs"]}
    for name, one in classes.items():
        one["description"] = meaning(name, "_", language)
        for option, value in one["properties"].items():
            value.pop("title", None)
            value["description"] = meaning(name, option, language)
    for name in tagged(classes.values()):
        classes[name]["required"] = sorted({"kind", *classes[name].get("required", ())})
    classes["SourceOptions"]["oneOf"] = [{"required": [format]} for format in SOURCE_FORMATS]
    title = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "jumok experiment"}
    return {**title, **{key: value for key, value in made.items() if key != "title"}}


def tagged(parts: Any) -> Iterator[str]:
    """The classes that are chosen by a required `kind:`."""
    for part in parts:
        if isinstance(part, dict):
            if isinstance(part.get("discriminator"), dict):
                yield from map(reference_name, part["discriminator"]["mapping"].values())
            yield from tagged(part.values())
        elif isinstance(part, list):
            yield from tagged(part)


def class_schema(schema: Schema, name: str) -> dict[str, Any]:
    """The JSON schema of the class with this name."""
    return dict(schema if name == ROOT else schema["$defs"][name])


def inner_classes(value: Any) -> list[str]:
    """The option classes that a value may contain."""
    if isinstance(value, list):
        return [name for one in value for name in inner_classes(one)]
    if not isinstance(value, dict):
        return []
    if "$ref" in value:
        return [reference_name(value["$ref"])]
    return [
        name for key in ("anyOf", "oneOf", "additionalProperties") for name in inner_classes(value.get(key))
    ]


def kinds_of(schema: Schema, name: str) -> tuple[str, ...]:
    """The values of `kind:` for a class of options."""
    kind = class_schema(schema, name)["properties"].get("kind", {})
    return tuple(kind.get("enum", [kind["const"]] if "const" in kind else []))


def children(schema: Schema, name: str, path: str) -> list[tuple[str, str]]:
    """The option classes inside a class.

    Args:
        schema: The JSON schema of an experiment.
        name: Name of the class.
        path: Path of the class in the file.

    Returns:
        Name and path of each.
    """
    found = []
    for option, value in class_schema(schema, name)["properties"].items():
        place = f"{path}.{option}" if path else option
        inner = inner_classes(value)
        several = len(inner) > 1 or "additionalProperties" in value
        for one in inner:
            kinds = kinds_of(schema, one)
            found.append((one, f"{place}.{kinds[0]}" if several and kinds else place))
    return found


def homes_of(schema: Schema) -> dict[str, str]:
    """The path at which each class is described: the shortest one."""
    homes: dict[str, str] = {}
    open_ends = [(ROOT, "")]
    while open_ends:
        open_ends.sort(key=lambda end: end[1].count("."))  # stable: the first in the file among equals
        name, path = open_ends.pop(0)
        if name not in homes:
            homes[name] = path
            open_ends += children(schema, name, path)
    return homes


def classes_in_order(schema: Schema, homes: Mapping[str, str], name: str = ROOT) -> Iterator[str]:
    """All option classes in the order of a file, each once.

    Args:
        schema: The JSON schema of an experiment.
        homes: The path at which each class is described.
        name: The class to start from.

    Yields:
        Names of classes.
    """
    yield name
    for inner, path in children(schema, name, homes[name]):
        if homes[inner] == path:
            yield from classes_in_order(schema, homes, inner)


def section(name: str, homes: Mapping[str, str], schema: Schema, language: Language) -> Section:
    """The section of a class.

    Args:
        name: Name of the class.
        homes: The path at which each class is described.
        schema: The JSON schema of an experiment.
        language: "en" or "ko".

    Returns:
        The section.
    """
    one, path = class_schema(schema, name), homes[name]
    kinds = kinds_of(schema, name)
    options = tuple(
        Option(
            f"{path}.{option}" if path else option,
            type_in_words(value, language),
            None if option in one.get("required", ()) else default_of(value),
            str(value["description"]),
            tuple(homes[inner] for inner in inner_classes(value)),
        )
        for option, value in one["properties"].items()
    )
    own = kinds if kinds and path.endswith(f".{kinds[0]}") else ()
    return Section(path, own, str(one["description"]), options)


def default_of(value: Schema) -> str:
    """A default as YAML; empty if there is none, or if the inner options have their own."""
    default = value.get("default")
    if default is None or isinstance(default, dict):
        return ""
    return default if isinstance(default, str) else json.dumps(default)
