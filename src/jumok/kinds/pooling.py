"""Heads that gather the whole memory: their options, how they are built, and why some have no attention to show."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from pydantic import NonNegativeInt, model_validator

from jumok.kinds.features import FeatureRequest
from jumok.kinds.options import ModelOptions, Options, error_at

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
    queries: Literal["shared", "each"] = "shared"  # one for all, or one for each class or value
    layers: NonNegativeInt = 1  # feed-forward blocks

    @model_validator(mode="after")
    def mean_has_no_query(self) -> "PooledHeadOptions":
        """Refuse queries of a mean."""
        if self.pool == "mean" and self.queries == "each":
            raise error_at("a mean has no query; say pool: attention, or drop queries", "queries")
        return self

    @property
    def attends(self) -> bool:
        """Whether the memory is gathered by attention."""
        return self.pool == "attention"

    @property
    def architecture(self) -> str:
        """How the memory is gathered."""
        return f"{self.pool} pooling{' by answer' if self.queries == 'each' else ''}"

    def build(
        self, model: ModelOptions, output: "Callable[[int], nn.Module]", answers: int, numbers: int = 1
    ) -> "PooledHead":
        """Build the head.

        Args:
            model: The options that all blocks share.
            output: Builds what makes all answers of one vector (B, D), by its width.
            answers: How many classes or values there are.
            numbers: How many numbers each of them is made of.

        Returns:
            The head.
        """
        from jumok.heads.pooled import AnswerLinear, AttentionPool, MeanPool, PooledHead, QueryPool
        from jumok.kinds.blocks import attention, perceptron

        if self.queries == "each":
            last: nn.Module = AnswerLinear(model.width, answers, numbers)
            pool: AttentionPool | QueryPool | MeanPool = QueryPool(
                model.width, answers, attention(model, None)
            )
        else:
            last = output(model.width)
            pool = AttentionPool(model.width, attention(model, None)) if self.attends else MeanPool()
        blocks = [perceptron(model) for _ in range(self.layers)]
        return PooledHead(pool, blocks, last, model.width, model.dropout)
