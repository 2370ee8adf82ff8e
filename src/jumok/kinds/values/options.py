"""The options of values: their names, and how sure the model is to say it is."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from jumok.kinds.options import OutputFieldOptions, error_at
from jumok.kinds.pooling import PooledHeadOptions


class ValuesOutput(OutputFieldOptions):
    """An entry of `outputs:` with `kind: values`."""

    part_name: ClassVar[str] = "head"
    kind: Literal["values"]
    head: PooledHeadOptions = PooledHeadOptions()
    # of several values, which a cell has as a JSON list in this order, or as an object; one number, if not given
    names: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    uncertainty: Literal["quantiles", "variance", "none"] = "quantiles"
    interval: float = Field(default=0.9, gt=0.0, lt=1.0)  # the share of values that intervals should hold
    metric: Literal["mae", "rmse", "r2"] = "mae"

    def takes_lists(self) -> bool:
        """Several values may be a list."""
        return self.names is not None

    @model_validator(mode="after")
    def names_differ(self) -> "ValuesOutput":
        """Refuse two values of one name."""
        names = self.names or ()
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise error_at(f"names {twice!r} twice", "names")
        return self


OUTPUT = ValuesOutput
