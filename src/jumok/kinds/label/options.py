"""The options of a label: which classes there are, how many an example has, and how they are learned."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from jumok.data.tables.joined import Joining
from jumok.kinds.options import OutputFieldOptions, error_at
from jumok.kinds.pooling import PooledHeadOptions

Names = Annotated[tuple[str, ...], Field(min_length=2)]


class LabelOutput(OutputFieldOptions):
    """An entry of `outputs:` with `kind: label`."""

    part_name: ClassVar[str] = "head"
    kind: Literal["label"]
    head: PooledHeadOptions = PooledHeadOptions()
    classes: Names | None = None  # those of train, if not given; cells may also be their numbers, from 0
    ordered: Names | None = None  # the classes from the lowest to the highest
    several: bool = False  # a cell holds labels with `;` between them, or a JSON list
    class_weights: Literal["none", "balanced"] = "none"
    metric: Literal["accuracy", "balanced_accuracy", "f1", "auroc", "log_loss", "mae"] = "accuracy"

    def takes_lists(self) -> bool:
        """Several labels may be a list."""
        return self.several

    def joining(self) -> Joining:
        """Each column, or entry of an array, is a class, which is marked by 1."""
        return Joining("several" if self.several else "one", self.classes or self.ordered or ())

    def named_by(self, columns: tuple[str, ...]) -> "LabelOutput":
        """Classes are called as their columns, unless they have names."""
        named = self.classes is not None or self.ordered is not None
        return self if named else self.model_copy(update={"classes": columns})

    @model_validator(mode="after")
    def options_fit(self) -> "LabelOutput":
        """Refuse options that contradict each other, and a metric that such labels do not have."""
        for option in ("classes", "several"):
            if self.ordered is not None and getattr(self, option):
                raise error_at(f"names the classes in their order; drop {option}", "ordered")
        for option in ("classes", "ordered"):
            names = getattr(self, option) or ()
            twice = next((name for name in names if names.count(name) > 1), None)
            if twice is not None:
                raise error_at(f"names {twice!r} twice", option)
        if self.ordered is not None and self.head.queries == "each":
            raise error_at(
                "ordered classes share one score, made of one vector; say queries: shared", "head", "queries"
            )
        if self.metric == "mae" and self.ordered is None:
            raise error_at("mae is the distance of ranks; it needs ordered: [low, ..., high]", "metric")
        if self.metric == "balanced_accuracy" and self.several:
            raise error_at("balanced_accuracy is for one label; choose f1, auroc or log_loss", "metric")
        return self


OUTPUT = LabelOutput
