"""What an experiment file may say of an input or an output, of whichever kind."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Discriminator, Tag

from jumok.kinds.boxes_options import BoxesOutput
from jumok.kinds.image_options import ImageInput
from jumok.kinds.mask_options import MaskOutput
from jumok.kinds.text_options import TextInput, TextOutput


def kind_of(options: Any) -> str:
    """The kind that options are of; text, when they do not say."""
    kind = options.get("kind", "text") if isinstance(options, dict) else getattr(options, "kind", "text")
    return str(kind)


InputOptions = Annotated[
    Annotated[TextInput, Tag("text")] | Annotated[ImageInput, Tag("image")], Discriminator(kind_of)
]
OutputOptions = Annotated[
    Annotated[TextOutput, Tag("text")]
    | Annotated[BoxesOutput, Tag("boxes")]
    | Annotated[MaskOutput, Tag("mask")],
    Discriminator(kind_of),
]
Inputs = Mapping[str, TextInput | ImageInput]
Outputs = Mapping[str, TextOutput | BoxesOutput | MaskOutput]
