"""The options of boxes: the head, and the metric that selects the best model."""

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field, NonNegativeInt, PositiveInt

from jumok.kinds.features import FeatureRequest
from jumok.kinds.learning_rates import ATTENTION_RATE, CONVOLUTIONAL_RATE
from jumok.kinds.options import ModelOptions, Options, OutputFieldOptions

if TYPE_CHECKING:
    from jumok.encoders.image import ImageEncoder
    from jumok.heads.dense import DenseBoxHead
    from jumok.heads.query import QueryBoxHead
    from jumok.losses.tokens import Loss
    from jumok.values import BoxTargets, Memory

HEAD_STRIDES = (8, 16, 32)


class DenseHeadOptions(Options):
    """The YAML under `head:` for a box of every cell."""

    queries: ClassVar[None] = None  # cells answer, and none of them attends to others
    learning_rate: ClassVar[float] = CONVOLUTIONAL_RATE  # the peak that the dense head learns well with
    needs: ClassVar[FeatureRequest] = FeatureRequest(HEAD_STRIDES, neck=True)
    kind: Literal["dense"] = "dense"
    layers: PositiveInt = 2

    def loss(self, head: "DenseBoxHead", memory: "Memory", target: "BoxTargets") -> "Loss":
        """The loss of the dense head (Feng et al., 2021: TOOD).

        Args:
            head: The head.
            memory: The memory of the image encoder.
            target: The objects of each image.

        Returns:
            The summed loss, a scalar with a gradient, and what it is the sum of.
        """
        from jumok.losses.dense import dense_loss

        return dense_loss(head(memory), target)

    def build(self, model: ModelOptions, encoder: "ImageEncoder", classes: int) -> "DenseBoxHead":
        """Build the head.

        Args:
            model: The options that all blocks share.
            encoder: The encoder whose feature maps it reads.
            classes: The number of classes.

        Returns:
            The head.
        """
        from jumok.heads.dense import DenseBoxHead

        return DenseBoxHead(encoder.channels, encoder.strides, classes, model.width, self.layers)


class QueryHeadOptions(Options):
    """The YAML under `head:` for object queries."""

    learning_rate: ClassVar[float] = ATTENTION_RATE  # attention learns by smaller steps than convolutions
    needs: ClassVar[FeatureRequest] = FeatureRequest((16, 32), states=True, neck=True)
    kind: Literal["query"]
    queries: PositiveInt = 100
    layers: NonNegativeInt = 3

    def loss(self, head: "QueryBoxHead", memory: "Memory", target: "BoxTargets") -> "Loss":
        """The loss of the query head (Carion et al., 2020: DETR).

        Args:
            head: The head.
            memory: The memory of the image encoder.
            target: The objects of each image.

        Returns:
            The summed loss, a scalar with a gradient, and what it is the sum of.
        """
        from jumok.losses.query import query_loss

        return query_loss(head(memory), target)

    def build(self, model: ModelOptions, encoder: "ImageEncoder", classes: int) -> "QueryBoxHead":
        """Build the head.

        Args:
            model: The options that all blocks share.
            encoder: The encoder whose states it reads.
            classes: The number of classes.

        Returns:
            The head.
        """
        from jumok.heads.query import QueryBoxHead

        return QueryBoxHead(
            model.width, model.heads, classes, self.queries, self.layers, model.inner, model.dropout
        )


class BoxesOutput(OutputFieldOptions):
    """An entry of `outputs:` with `kind: boxes`."""

    part_name: ClassVar[str] = "head"
    annotations: ClassVar[str | None] = "coco, voc or yolo"
    kind: Literal["boxes"]
    head: Annotated[DenseHeadOptions | QueryHeadOptions, Field(discriminator="kind")] = DenseHeadOptions()
    metric: Literal["AP", "AP50", "AP75", "F1@50"] = "AP"


OUTPUT = BoxesOutput
