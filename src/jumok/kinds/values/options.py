"""The options of values: their names, and how sure the model is to say it is."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from jumok.data.tables.joined import Joining
from jumok.kinds.options import OutputFieldOptions, error_at
from jumok.kinds.pooling import PooledHeadOptions


class ValuesOutput(OutputFieldOptions):
    """An entry of `outputs:` with `kind: values`."""

    part_name: ClassVar[str] = "head"
    kind: Literal["values"]
    head: PooledHeadOptions = PooledHeadOptions()
    # of several values, which a cell has as a JSON list in this order, or as an object; those of the columns, if there
    # are several, else one number, if not given
    names: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    uncertainty: Literal["quantiles", "variance", "none"] = "quantiles"
    interval: float = Field(default=0.9, gt=0.0, lt=1.0)  # the share of values that intervals should hold
    metric: Literal["mae", "rmse", "r2"] = "mae"

    def takes_lists(self) -> bool:
        """Several values may be a list."""
        return self.names is not None

    def takes_objects(self) -> bool:
        """Several values may be an object of their names."""
        return self.names is not None

    def joining(self) -> Joining:
        """Each column, or entry of an array, is a value."""
        return Joining("list", self.names or ())

    def named_by(self, columns: tuple[str, ...]) -> "ValuesOutput":
        """Values are called as their columns, unless they have names."""
        return self if self.names is not None else self.model_copy(update={"names": columns})

    @model_validator(mode="after")
    def names_differ(self) -> "ValuesOutput":
        """Refuse two values of one name."""
        names = self.names or ()
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise error_at(f"names {twice!r} twice", "names")
        return self


OUTPUT = ValuesOutput
