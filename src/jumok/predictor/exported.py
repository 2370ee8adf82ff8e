"""Models that were exported to another runtime: what their folder says, and the predictor that answers with them."""

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from jumok.device import resolve_device
from jumok.errors import ConfigurationError, RunError
from jumok.files import read_whole, write_json
from jumok.kinds import catalogue
from jumok.kinds.catalogue import Fields
from jumok.predictor.decoding import decoding_options
from jumok.predictor.engine import Engine
from jumok.predictor.predictor import Predictor
from jumok.runs.config import read_config
from jumok.runs.layout import CONFIG, EXPORTED
from jumok.wording import quantity

EXPORT_FORMAT, EXPORT_VERSION = "jumok export", 2  # 1: rows had all inputs, and there was no digest
INPUTS_FILE = "example.npz"  # the inputs of a few examples, as the program gets them
READ_AT_ONCE = 1 << 20  # bytes
EXPORT_AGAIN = "copy the whole folder again, or export the run again"


@dataclass(frozen=True)
class ExportDescription:
    """What model.json says of an exported model."""

    engine: str  # "ctranslate2" or "onnx"
    quantize: str  # "none", "int8" or "int16"
    jumok: str  # the version that exported it
    inputs: Mapping[str, Mapping[str, Any]]  # kind, limit of lengths, what is done before the model
    outputs: Mapping[str, Mapping[str, Any]]  # kind, what is done after the model
    programs: Mapping[str, Any] = field(default_factory=dict)  # of ONNX: graphs with their tensors
    files: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # bytes and SHA-256 by name
    format: str = EXPORT_FORMAT
    version: int = EXPORT_VERSION
    digest: str | None = None  # SHA-256 of all else, as canonical JSON

    def write(self, folder: Path) -> None:
        """Write model.json, with what the other files of the folder are."""
        files = {
            name: identity(folder / name) for name in names_below(folder) if not name.endswith((".md", ".py"))
        }
        content = {**asdict(self), "files": files}
        write_json(folder / EXPORTED, {**content, "digest": digest_of_content(content)})


def digest_of_content(content: Mapping[str, Any]) -> str:
    """The SHA-256 of what model.json says, but of this digest itself."""
    rest = {name: value for name, value in content.items() if name != "digest"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def names_below(folder: Path) -> list[str]:
    """The names of all files below a folder, sorted."""
    return sorted(str(one.relative_to(folder).as_posix()) for one in folder.rglob("*") if one.is_file())


def identity(path: Path) -> dict[str, Any]:
    """The size of a file, and its SHA-256."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(READ_AT_ONCE):
            digest.update(block)
    return {"bytes": path.stat().st_size, "sha256": digest.hexdigest()}


def read_description(folder: Path) -> ExportDescription:
    """What an exported model says of itself, and a check that its files are as they were written.

    Raises:
        RunError: A file is missing, damaged, or of a newer jumok.
    """
    path = folder / EXPORTED
    try:
        content = json.loads(read_whole(path))
        if content["format"] != EXPORT_FORMAT:
            raise ValueError(f"its format is {content['format']!r}, expected {EXPORT_FORMAT!r}")
        newer = content["version"] > EXPORT_VERSION
        if not newer and content["version"] > 1 and content["digest"] != digest_of_content(content):
            raise ValueError("it is damaged: its digest is not that of its content")
        description = None if newer else ExportDescription(**content)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(f"{path} does not describe an exported model ({error}); {EXPORT_AGAIN}") from None
    if description is None:
        raise RunError(
            f"{path} is of version {content['version']}; this jumok reads up to {EXPORT_VERSION}, update it"
        )
    for name, expected in description.files.items():
        check_file(folder / name, expected)
    return description


def check_file(path: Path, expected: Mapping[str, Any]) -> None:
    """Check that a file is as it was written; raises RunError."""
    try:
        found = identity(path)
    except OSError as error:
        raise RunError(f"{path} cannot be read ({error.strerror or error}); {EXPORT_AGAIN}") from None
    if found["bytes"] != expected["bytes"]:
        raise RunError(
            f"{path} has {quantity(found['bytes'], 'byte')}, expected {expected['bytes']:,}; {EXPORT_AGAIN}"
        )
    if found["sha256"] != expected["sha256"]:
        raise RunError(f"{path} is damaged: its SHA-256 is not the one that {EXPORTED} names; {EXPORT_AGAIN}")


def load_exported(folder: Path, device: str, changes: Mapping[str, Any]) -> Predictor:
    """Load the predictor of an exported model.

    Args:
        folder: Its folder.
        device: "auto" or "cpu".
        changes: Changes of the decoding options.

    Returns:
        The predictor.

    Raises:
        RunError: A file is missing or damaged.
        ConfigurationError: A device, or a precision, that exported models do not have; or an extra is missing.
    """
    description = read_description(folder)
    if device != "auto" and resolve_device(device) != "cpu":
        raise ConfigurationError(f"{folder} computes on the processor, not on {device!r}; leave --device out")
    if changes.get("precision") is not None:
        raise ConfigurationError(
            f"{folder} computes in the precision that it was exported with; leave --precision out"
        )
    experiment = read_config(folder / CONFIG)
    data = experiment.data
    fields = catalogue.load_fields(
        experiment.inputs, experiment.scored_outputs, data.tokens, data.max_tokens, folder
    )
    if (
        fields.inputs.keys() != description.inputs.keys()
        or not fields.outputs.keys() <= description.outputs.keys()
    ):
        raise RunError(f"{folder}: {EXPORTED} and {CONFIG} name other inputs or outputs; {EXPORT_AGAIN}")
    engine = open_engine(folder, description, fields)
    return Predictor(None, fields, decoding_options(experiment, dict(changes)), engine=engine)


def open_engine(folder: Path, description: ExportDescription, fields: Fields) -> Engine:
    """The engine that an exported model needs; RunError for one that is not known."""
    from jumok.predictor.ctranslate2_engine import CTranslate2Engine
    from jumok.predictor.onnx_engine import OnnxEngine

    engines: dict[str, Callable[[Path, ExportDescription], Engine]] = {
        "ctranslate2": CTranslate2Engine,
        "onnx": OnnxEngine,
    }
    if description.engine not in engines:
        raise RunError(f"{folder}: there is no engine {description.engine!r}; {EXPORT_AGAIN}")
    return engines[description.engine](folder, description)


def length_limit(description: ExportDescription, name: str) -> float:
    """The longest item that an input may have; math.inf for any."""
    limit = description.inputs[name].get("max_length")
    return math.inf if limit is None else float(limit)


def no_torch_model(folder: Path) -> RunError:
    """The error where somebody wants the weights of an exported model."""
    return RunError(
        f"{folder} is an exported model: it answers, but to look into it, hide inputs or export it, name the run"
    )


CPU = torch.device("cpu")
