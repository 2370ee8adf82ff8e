"""Heads that gather the whole memory: their options, how they are built, and why some have no attention to show."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from pydantic import NonNegativeInt, PositiveInt, model_validator

from jumok.kinds.features import FeatureRequest
from jumok.kinds.options import ModelOptions, Options, error_at

if TYPE_CHECKING:
    from torch import nn

    from jumok.heads.pooled import AttentionPool, HopPool, MeanPool, PooledHead, QueryPool

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
    hops: PositiveInt = 1  # times that the memory is looked at
    layers: NonNegativeInt = 1  # feed-forward blocks

    @model_validator(mode="after")
    def mean_has_no_query(self) -> "PooledHeadOptions":
        """Refuse queries of a mean, and hops."""
        for option, plain in (("queries", "shared"), ("hops", 1)):
            if self.pool == "mean" and getattr(self, option) != plain:
                raise error_at(f"a mean has no query; say pool: attention, or drop {option}", option)
        return self

    @property
    def attends(self) -> bool:
        """Whether the memory is gathered by attention."""
        return self.pool == "attention"

    @property
    def architecture(self) -> str:
        """How the memory is gathered."""
        hops = f" in {self.hops} hops" if self.hops > 1 else ""
        return f"{self.pool} pooling{' by answer' if self.queries == 'each' else ''}{hops}"

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
        from jumok.heads.pooled import AnswerLinear, PooledHead
        from jumok.kinds.blocks import perceptron

        each = self.queries == "each"
        last = AnswerLinear(model.width, answers, numbers) if each else output(model.width)
        pool = self.gathering(model, answers)
        blocks = [perceptron(model) for _ in range(self.layers)]
        return PooledHead(pool, blocks, last, model.width, model.dropout)

    def gathering(
        self, model: ModelOptions, answers: int
    ) -> "AttentionPool | QueryPool | HopPool | MeanPool":
        """What gathers the memory, for so many classes or values."""
        from jumok.heads.pooled import AttentionPool, HopPool, MeanPool, QueryPool
        from jumok.kinds.blocks import attention

        each = self.queries == "each"
        if not self.attends:
            return MeanPool()
        if self.hops > 1:
            crosses = [attention(model, None) for _ in range(self.hops)]
            return HopPool(model.width, crosses, answers if each else None)
        if each:
            return QueryPool(model.width, answers, attention(model, None))
        return AttentionPool(model.width, attention(model, None))
