"""Heads that gather the whole memory: their options, how they are built, and why some have no attention to show."""

from typing import TYPE_CHECKING, Literal

from pydantic import NonNegativeInt

from jumok.kinds.features import FeatureRequest
from jumok.kinds.options import ModelOptions, Options

if TYPE_CHECKING:
    from torch import nn

    from jumok.heads.pooled import PooledHead

STATES = FeatureRequest((16,), states=True)  # what such a head needs of the encoder of an image

MEAN = {
    "reason": "mean",
    "text": {
        "en": "This answer is made of the mean of all states, so that each counts the same. To see attention, train "
        "with `head: {pool: attention}`.",
        "ko": "이 답은 모든 상태의 평균으로 만들어져 상태마다 몫이 같습니다. 어텐션을 보려면 "
        "`head: {pool: attention}`으로 학습시키세요.",
    },
}


class PooledHeadOptions(Options):
    """The YAML under `head:` of a label, or of values."""

    pool: Literal["attention", "mean"] = "attention"
    layers: NonNegativeInt = 1  # feed-forward blocks

    @property
    def architecture(self) -> str:
        """How the memory is gathered."""
        return f"{self.pool} pooling"

    def build(self, model: ModelOptions, output: "nn.Module") -> "PooledHead":
        """Build the head.

        Args:
            model: The options that all blocks share.
            output: What makes the answer of one vector (B, D).

        Returns:
            The head.
        """
        from jumok.heads.pooled import AttentionPool, MeanPool, PooledHead
        from jumok.kinds.blocks import attention, perceptron

        attends = self.pool == "attention"
        pool = AttentionPool(model.width, attention(model, None)) if attends else MeanPool()
        blocks = [perceptron(model) for _ in range(self.layers)]
        return PooledHead(pool, blocks, output, model.width, model.dropout)
