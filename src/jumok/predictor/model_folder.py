"""The folder of a model: weights, configuration, vocabularies. Data, never code."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import safetensors
import safetensors.torch
import torch
from torch import nn

from jumok.device import NO_BF16, choose_device, usable_precision
from jumok.errors import RunError
from jumok.files import write_file_atomically
from jumok.kinds import catalogue
from jumok.kinds.catalogue import Fields
from jumok.layers.embedding import TokenOutput
from jumok.model import EncoderDecoder
from jumok.predictor.decoding import decoding_options
from jumok.predictor.exported import load_exported
from jumok.predictor.predictor import Predictor
from jumok.runs.config import AGAIN, read_config, write_config
from jumok.runs.layout import CONFIG, WEIGHTS, is_exported, model_folder

if TYPE_CHECKING:
    from jumok.experiment.options import Experiment


def save_model(folder: Path, experiment: "Experiment", fields: Fields, model: EncoderDecoder) -> None:
    """Write what a model needs beside its weights.

    Args:
        folder: The folder.
        experiment: The experiment.
        fields: The fields.
        model: The model, for the fields that save something of it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_config(folder / CONFIG, experiment)
    for name, field in fields.all.items():
        field.codec.save(folder, model.encoders[name] if name in fields.inputs else model.decoders[name])


def save_weights(folder: Path, weights: Mapping[str, torch.Tensor], notes: dict[str, str]) -> None:
    """Write the weights of a model (`weights_of`), whole or not at all.

    Args:
        folder: The folder.
        weights: The weights by name.
        notes: Metadata of the file.
    """
    data = {name: value.detach().cpu().contiguous() for name, value in weights.items()}
    write_file_atomically(folder / WEIGHTS, safetensors.torch.save(data, notes))


def weights_of(model: EncoderDecoder) -> dict[str, torch.Tensor]:
    """Parameters and persistent buffers by name, shared ones once."""
    kept = {id(value) for _, value in [*model.named_parameters(), *model.named_buffers()]}
    found: dict[str, torch.Tensor] = {}
    for name, value in model.state_dict(keep_vars=True).items():
        if id(value) in kept:
            found[name] = value
            kept.discard(id(value))
    return found


def load_weights(model: EncoderDecoder, weights: dict[str, torch.Tensor], origin: str) -> None:
    """Load weights into a model of the same experiment.

    Args:
        model: The model.
        weights: The weights by name.
        origin: The file, for messages.

    Raises:
        RunError: The weights do not fit.
    """
    places = weights_of(model)
    wrong = sorted(places.keys() ^ weights.keys())
    wrong += [name for name in places.keys() & weights.keys() if places[name].shape != weights[name].shape]
    if wrong:
        raise RunError(
            f"{origin}: the weights are of another model ({wrong[0]!r} differs, {len(wrong)} in all)"
        )
    with torch.no_grad():
        for name, place in places.items():
            place.copy_(weights[name])


def load(path: str | Path, device: str = "auto", decoding: dict[str, Any] | None = None) -> Predictor:
    """Load the predictor of a run, of a model folder, or of an exported model.

    Args:
        path: The folder.
        device: "auto" takes a GPU if there is one; "cpu" or "cuda:1" name one.
        decoding: Changes of the decoding options, like {"beam": 1}.

    Returns:
        The predictor.
    """
    if is_exported(Path(path)):
        return load_exported(Path(path), device, decoding or {})
    place = choose_device(device)
    folder = model_folder(Path(path))
    experiment = read_config(folder / CONFIG)
    fields = saved_fields(experiment, folder)
    with torch.random.fork_rng(devices=[]):
        model = catalogue.build_model(fields, experiment.model)
    try:
        weights = safetensors.torch.load_file(folder / WEIGHTS)
    except (safetensors.SafetensorError, OSError) as error:
        raise RunError(f"{folder / WEIGHTS} is damaged ({error}); train again or {AGAIN}") from None
    load_weights(model, weights, str(folder / WEIGHTS))
    options = decoding_options(experiment, decoding or {})
    precision = usable_precision(place, options.precision)
    notes = () if precision == options.precision else (NO_BF16,)
    if precision == "bf16":
        cast_weights_bf16(model)
    options = options.model_copy(update={"precision": precision})
    return Predictor(model.to(place), fields, options, notes)


def saved_fields(experiment: "Experiment", folder: Path) -> Fields:
    """The inputs and outputs of a saved model, which need no weights."""
    data = experiment.data
    return catalogue.load_fields(
        experiment.inputs, experiment.scored_outputs, data.tokens, data.max_tokens, folder
    )


def cast_weights_bf16(model: EncoderDecoder) -> None:
    """Keep the matrices of a model that only answers in bf16, so that they need not be made so at every step."""
    for part in model.modules():
        if isinstance(part, nn.Linear):
            part.to(torch.bfloat16)
        elif isinstance(part, TokenOutput):  # a copy: the embedding that it may be tied to stays as it is
            part.weight, part.bias = (nn.Parameter(p.detach().bfloat16()) for p in (part.weight, part.bias))
