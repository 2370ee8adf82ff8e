"""All kinds of fields, and the fields of an experiment: fitted on its training data, or loaded from a saved model.

A kind is a package with two modules. `options` says what an experiment file may say of it (`INPUT`, `OUTPUT`, classes
of pydantic, or one of them); `field` makes the fields (`fit_input`, `load_input`, `fit_output`, `load_output`). A new
kind is a new package and one line in KINDS.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from torch import nn

from jumok.errors import ConfigurationError, DataError
from jumok.kinds.contract import Blueprint, Field, InputField, OutputField
from jumok.kinds.fitting import FieldContext, TrainingData
from jumok.kinds.packages import KINDS
from jumok.layers.marks import InputMarks
from jumok.layers.modulation import FeatureModulation
from jumok.model import EncoderDecoder

if TYPE_CHECKING:
    from jumok.kinds.options import (
        FieldOptions,
        InputFieldOptions,
        ModelOptions,
        OutputFieldOptions,
        TokenOptions,
    )


class Fields(NamedTuple):
    """The inputs and outputs of a model, by name, all fitted."""

    inputs: Mapping[str, InputField]
    outputs: Mapping[str, OutputField]

    @property
    def all(self) -> dict[str, Field]:
        """Inputs, then outputs."""
        return {**self.inputs, **self.outputs}


def fit(
    inputs: "Mapping[str, InputFieldOptions]",
    outputs: "Mapping[str, OutputFieldOptions]",
    tokens: "TokenOptions",
    max_tokens: int,
    data: TrainingData,
) -> Fields:
    """Learn from the training data what each field needs to know.

    Args:
        inputs: Options of the inputs by name.
        outputs: Options of the outputs by name.
        tokens: How texts are tokenized that do not say it themselves.
        max_tokens: The most tokens of a text, end mark included.
        data: The rows that the model is trained on.

    Returns:
        The fields.

    Raises:
        DataError: The rows do not fit the options.
    """
    context = FieldContext(inputs, outputs, tokens, max_tokens, data)
    return Fields(
        {name: fit_input(name, one, context) for name, one in inputs.items()},
        {name: weighted(maker(one, "fit_output")(name, one, context), one) for name, one in outputs.items()},
    )


def load_fields(
    inputs: "Mapping[str, InputFieldOptions]",
    outputs: "Mapping[str, OutputFieldOptions]",
    tokens: "TokenOptions",
    max_tokens: int,
    folder: Path,
) -> Fields:
    """Load the fields of a saved model.

    Args:
        inputs: The options of the inputs.
        outputs: The options of the outputs.
        tokens: The options of tokens.
        max_tokens: The maximal length in tokens.
        folder: The folder of the saved model.

    Returns:
        The fields.

    Raises:
        RunError: A file is missing or damaged.
    """
    context = FieldContext(inputs, outputs, tokens, max_tokens)
    return Fields(
        {name: load_input(name, one, context, folder) for name, one in inputs.items()},
        {
            name: weighted(maker(one, "load_output")(name, one, context, folder), one)
            for name, one in outputs.items()
        },
    )


def fit_input(name: str, options: "InputFieldOptions", context: FieldContext) -> InputField:
    """Learn what one input needs to know; DataError where no row has it."""
    if options.optional and not len(context.training_data.rows_with(name)):
        raise DataError(
            f"no row of train has {name}, so there is nothing to learn from; fill it in, or drop the input"
        )
    field: InputField = maker(options, "fit_input")(name, options, context)
    return replace(field, is_optional=options.optional)


def load_input(name: str, options: "InputFieldOptions", context: FieldContext, folder: Path) -> InputField:
    """One input of a saved model."""
    field: InputField = maker(options, "load_input")(name, options, context, folder)
    return replace(field, is_optional=options.optional)


def weighted(field: OutputField, options: "OutputFieldOptions") -> OutputField:
    """The output with the weight that its options give to its loss."""
    return replace(field, loss_weight=options.weight)


def maker(options: "FieldOptions", function: str) -> Callable[..., Any]:
    """A function of the kind that the options are of; an experiment imports the kinds that it has."""
    made: Callable[..., Any] = getattr(import_module(f"{KINDS[options.kind]}.field"), function)
    return made


def build_model(fields: Fields, options: "ModelOptions") -> EncoderDecoder:
    """The model of these inputs and outputs, with fresh weights from torch's random state."""
    for name in fields.all:
        if hasattr(nn.ModuleDict(), name):
            raise ConfigurationError(f"{name!r} means something else to this PyTorch; choose another name")
    encoders: dict[str, nn.Module] = {}
    plan = Blueprint(options, [one.head.needs for one in fields.outputs.values()], {}, encoders)
    for name, read in fields.inputs.items():
        encoders[name] = read.build(plan)
    decoders = {name: written.head.build(plan) for name, written in fields.outputs.items()}
    return EncoderDecoder(
        encoders, decoders, modulations(fields, options.width, encoders), input_marks(fields, options)
    )


def input_marks(fields: Fields, options: "ModelOptions") -> InputMarks | None:
    """Marks of several inputs, where an output questions their joined memory; None where they have no use."""
    questioned = any(field.image is None for field in fields.outputs.values())
    if len(fields.inputs) == 1 or not questioned or options.input_marks == "none":
        return None
    return InputMarks(list(fields.inputs), options.width)


def modulations(fields: Fields, width: int, encoders: Mapping[str, nn.Module]) -> dict[str, nn.Module]:
    """How other inputs act on the features of images that answers are found in, by image.

    Args:
        fields: The fields of the experiment.
        width: Width of the memories.
        encoders: The encoders by input.

    Returns:
        The modules by image; none where there is a single input.
    """
    found: dict[str, nn.Module] = {}
    images = {field.image for field in fields.outputs.values() if field.image is not None}
    for name in sorted(images) if len(fields.inputs) > 1 else ():
        needs = [field.head.needs for field in fields.outputs.values() if field.image == name]
        encoder: Any = encoders[name]
        levels = () if all(one.states for one in needs) else encoder.channels
        found[name] = FeatureModulation(width, levels, any(one.states for one in needs))
    return found
