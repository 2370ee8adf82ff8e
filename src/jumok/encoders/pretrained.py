"""Pretrained weights, from timm's hub or from a file, always safetensors."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NamedTuple

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from jumok.errors import ConfigurationError, DataError

HUB_FILE = "model.safetensors"
HUB_TIMEOUT = 5  # seconds for the hub to say a first word
GO_ON = "name a file by `weights: FILE.safetensors`, or say `weights: none` to start from random weights"
OPTIONAL = "num_batches_tracked"  # counts steps; some files leave it out
NOT_LEARNED = (OPTIONAL, "attn_mask", "relative_position_index", "relative_coords_table")  # never learned


class WeightSource(NamedTuple):
    """Where the initial weights of a model come from."""

    file: str
    origin: str | None  # an address, or what the file says of itself
    licence: str | None
    digest: str  # SHA-256 of the file


class HubWeights(NamedTuple):
    """A file of weights of timm's hub."""

    path: Path  # on this machine
    file: str  # in the repository
    origin: str  # the address of the repository
    licence: str | None


def load_pretrained(network: nn.Module, name: str, weights: Path | Literal["default"]) -> WeightSource:
    """Load pretrained weights into a features-only network of timm.

    Args:
        network: The network to fill.
        name: Name of the timm model.
        weights: A safetensors file, or "default" for those of timm's hub.

    Returns:
        The file or hub address that the weights come from.
    """
    if isinstance(weights, Path):
        return load_file(network, name, weights)
    found = hub_weights(name)
    source = load_file(network, name, found.path)
    return source._replace(file=found.file, origin=found.origin, licence=source.licence or found.licence)


def hub_weights(name: str) -> HubWeights:
    """The pretrained weights of a model of timm, downloaded or out of the cache of this machine.

    Args:
        name: Name of the timm model.

    Returns:
        The file.

    Raises:
        ConfigurationError: There are none, or they cannot be downloaded.
    """
    from timm.models import get_pretrained_cfg  # takes a second to load

    known = get_pretrained_cfg(name)
    if known is None or not known.hf_hub_id:
        raise ConfigurationError(f"timm's hub has no pretrained weights of {name!r}; {GO_ON}")
    hub, file = known.hf_hub_id, known.hf_hub_filename or HUB_FILE
    return HubWeights(download(hub, file, name), file, f"https://huggingface.co/{hub}", known.license)


def download(hub: str, file: str, name: str) -> Path:
    """Download a file of the Hugging Face hub, or take it from the cache of this machine.

    Args:
        hub: The repository.
        file: The file in the repository.
        name: Name of the model, for messages.

    Returns:
        The path of the file.

    Raises:
        ConfigurationError: If the file cannot be downloaded.
    """
    from huggingface_hub import constants, hf_hub_download
    from huggingface_hub.utils import get_session

    try:
        return Path(hf_hub_download(hub, file, local_files_only=True))
    except (OSError, ValueError):
        reason = "no connection"  # and not in the cache
    try:
        # the next line alone tries for half a minute
        get_session().head(constants.ENDPOINT, timeout=HUB_TIMEOUT)
        reason = "the hub did not return the file"
        return Path(hf_hub_download(hub, file))
    except Exception:  # every version of the library, and of the one below it, has its own kinds
        raise ConfigurationError(
            f"the pretrained weights of {name!r} cannot be downloaded from {constants.ENDPOINT} ({reason}); {GO_ON}"
        ) from None


def load_file(network: nn.Module, name: str, path: Path) -> WeightSource:
    """Load weights from a file with the names of timm's model; the classification head is ignored.

    Args:
        network: The network to fill.
        name: Name of the timm model.
        path: The safetensors file.

    Returns:
        The file that the weights come from.
    """
    given, notes = read_weights(path)
    require_same_model(given, network, name, path)
    found = {canonical_name(key, network): value for key, value in given.items()}
    with torch.no_grad():
        for key, place in network.state_dict().items():
            value = found.get(canonical_name(key, network))
            if value is not None:
                place.copy_(value)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return WeightSource(str(path), notes.get("source"), notes.get("license"), digest)


def read_weights(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors of a safetensors file by name, and its notes."""
    try:
        with safetensors.safe_open(path, "pt") as file:
            notes = file.metadata() or {}
        return safetensors.torch.load_file(path), notes
    except FileNotFoundError:
        raise DataError(f"{path}: this weights file does not exist; {GO_ON}") from None
    except (safetensors.SafetensorError, OSError) as error:
        raise DataError(
            f"{path}: cannot be read as safetensors, the only format of weights that is read ({error}); {GO_ON}"
        ) from None


def require_same_model(given: Mapping[str, Tensor], network: nn.Module, name: str, path: Path) -> None:
    """Check that a file has all weights of the network, in their shapes, and none of a deeper model.

    Args:
        given: The tensors of the file by name.
        network: The network to fill.
        name: Name of the timm model.
        path: The file, for messages.

    Raises:
        DataError: If it has not.
    """
    found = {canonical_name(key, network): value for key, value in given.items()}
    for key, place in network.state_dict().items():
        value, shape = found.get(canonical_name(key, network)), tuple(place.shape)
        if value is None and not key.endswith(OPTIONAL):
            raise DataError(f"{path}: lacks {key!r} of backbone {name!r}; give weights of timm's {name!r}")
        if value is not None and value.shape != place.shape:
            wrong = f"{key!r} is of shape {tuple(value.shape)}, backbone {name!r} has {shape} there"
            raise DataError(f"{path}: {wrong}; give weights of timm's {name!r}")
    for key in foreign_keys(given, network, name):
        raise DataError(f"{path}: {key!r} is no part of backbone {name!r}; give weights of timm's {name!r}")


def foreign_keys(given: Mapping[str, Tensor], network: nn.Module, name: str) -> list[str]:
    """The names of weights in a file that belong to the body of another model than `name`."""
    import timm

    with torch.device("meta"):
        # with its head, and with levels that are not wanted here
        whole = timm.create_model(name).state_dict()
    names = {canonical_name(key, network) for key in whole}
    used = {canonical_name(key, network) for key in network.state_dict()}
    body = {key.split(".")[0] for key in whole if canonical_name(key, network) in used}
    strange = (
        key for key in given if key.split(".")[0] in body and canonical_name(key, network) not in names
    )
    return [key for key in strange if not key.endswith(NOT_LEARNED)]


def canonical_name(key: str, network: nn.Module) -> str:
    """The name of a weight without the prefixes of timm's feature extractors (`layers_0.`) and wrappers (`model.`)."""
    children = [child for child, _ in network.named_children()]
    if len(children) == 1:
        key = key.removeprefix(f"{children[0]}.")
    return key.replace(".", "_")
