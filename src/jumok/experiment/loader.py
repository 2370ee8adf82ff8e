"""Read and write YAML 1.2; errors are one sentence with the line."""

import re
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode

from jumok.errors import ConfigurationError
from jumok.files import SURROGATE

# what YAML 1.1 reads in ways that few people mean
OTHERWISE = (":bool", ":int", ":float", ":timestamp", ":value")


class Loader(yaml.SafeLoader):
    """Loads YAML 1.2: `no` is a text, 1e-3 a number, 0010 is ten, 1:30 a text; duplicate keys are refused."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in rules if not tag.endswith(OTHERWISE)]
        for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_object(self, node: Node, deep: bool = False) -> Any:
        """Build the value of a node; raises ConfigurationError with the line if it does not fit its tag."""
        try:
            return super().construct_object(node, deep)
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:  # `!!int word`
            kind = node.tag.rpartition(":")[2]
            raise ConfigurationError(
                f"{self.name}:{node.start_mark.line + 1}: this is not a valid {kind}"
            ) from error

    def construct_scalar(self, node: ScalarNode | MappingNode) -> Any:
        """Build a scalar; raises ConfigurationError for text that is not valid Unicode."""
        value = super().construct_scalar(node)
        if isinstance(value, str) and SURROGATE.search(value):
            raise ConfigurationError(
                f"{self.name}:{node.start_mark.line + 1}: {value[:60]!r} holds half a character or a byte that "
                "is not UTF-8; write it as UTF-8"
            )
        return value

    def construct_mapping(self, node: MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Build a dictionary; raises ConfigurationError for duplicate keys and for keys that are no scalars."""
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
                raise ConfigurationError(f"{place}: {key!r} occurs twice here; remove one")
            seen.add(key)
        return super().construct_mapping(node, deep)

    def construct_whole_number(self, node: ScalarNode) -> int:
        """A decimal number, with leading zeros or not; 0o and 0x are octal and hexadecimal."""
        text = str(self.construct_scalar(node))
        return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))


Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|false|True|False)$"), list("tfTF")
)
Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][-+]?\d+)?$|^[-+]?\.(?:inf|Inf)$|^\.(?:nan|NaN)$"),
    list("-+0123456789."),
)
Loader.add_implicit_resolver(
    "tag:yaml.org,2002:int",
    re.compile(r"^[-+]?\d{1,4000}$|^0o[0-7]{1,4000}$|^0x[0-9a-fA-F]{1,4000}$"),
    list("-+0123456789"),
)
Loader.add_constructor("tag:yaml.org,2002:int", Loader.construct_whole_number)
# The first match counts, and whole numbers match the pattern of floats, too.
for _rules in Loader.yaml_implicit_resolvers.values():
    _rules.sort(key=lambda rule: not rule[0].endswith(":int"))


class Dumper(yaml.SafeDumper):
    """Quotes texts that any version of YAML would read as something else."""

    yaml_implicit_resolvers = {
        first: [
            *yaml.SafeDumper.yaml_implicit_resolvers.get(first, []),
            *Loader.yaml_implicit_resolvers.get(first, []),
        ]
        for first in {**yaml.SafeDumper.yaml_implicit_resolvers, **Loader.yaml_implicit_resolvers}
    }


def dump_yaml(value: Any) -> str:
    """YAML that `parse_yaml` reads as the same value."""
    return str(yaml.dump(value, Dumper=Dumper, sort_keys=False, allow_unicode=True))


def parse_yaml(text: str, name: str) -> tuple[Any, Node | None]:
    """Parse a YAML text; returns its values, and its nodes, which know their lines. `name` is for messages."""
    try:
        loader = Loader(text)
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
