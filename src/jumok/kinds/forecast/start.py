"""Where the training of a linear forecast starts: from ridge regression on windows of train, chosen by valid."""

from collections.abc import Iterable, Iterator

from torch import Tensor

from jumok.errors import DataError
from jumok.heads.linear import LinearForecastHead
from jumok.heads.ridge import RidgeMap, WindowMoments
from jumok.kinds.contract import StartingWeights
from jumok.kinds.forecast.head import ForecastHead
from jumok.values import Memories, SeriesBatch

ForecastWindows = Iterable[tuple[Memories, SeriesBatch]]


def ridge_start(
    head: ForecastHead, decoder: LinearForecastHead, train: ForecastWindows, valid: ForecastWindows
) -> StartingWeights:
    """The weights of the linear map that training starts from.

    Args:
        head: The forecast.
        decoder: Its linear map.
        train: The windows that weights are fitted to.
        valid: The windows that choose penalties.

    Returns:
        The weights.

    Raises:
        DataError: No window of train or valid was measured in all steps to come.
    """
    name, season = head.about.name, head.about.options.season
    moments, counts = {}, {}
    for part, windows in (("train", train), ("valid", valid)):
        rows = ChannelWindows(head, decoder, windows)
        found = WindowMoments.of(rows)
        if found is None:
            raise DataError(
                f"{name}: start: ridge needs windows whose steps to come were all measured, but {part} has none; say "
                "start: zero"
            )
        moments[part], counts[part] = found, rows.remark(part)
    found_map = decoder.linear.ridge(moments["train"], moments["valid"], season)
    weights = {f"linear.{key}": value for key, value in found_map.weights.items()}
    return StartingWeights(
        weights, f"{name} starts from {describe_map(found_map.chosen)}{''.join(counts.values())}"
    )


def describe_map(chosen: RidgeMap) -> str:
    """How a map was chosen, in words."""
    growth = f" growing with the age of a step (power {chosen.growth})" if chosen.growth else ""
    share = f", of which seasons are {chosen.share:.0%}" if 0 < chosen.share < 1 else ""
    return f"ridge regression: penalty {chosen.penalty:.2g}{growth}{share}; squared error of valid {chosen.error:.4f}"


class ChannelWindows:
    """ForecastWindows of one channel each, as the loss weighs them: past (N, L) and future (N, H)."""

    def __init__(self, head: ForecastHead, decoder: LinearForecastHead, windows: ForecastWindows) -> None:
        self.head, self.decoder, self.windows = head, decoder, windows
        self.left_out, self.count = 0, 0  # so far

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        units = self.decoder.units
        for memories, target in self.windows:
            past = self.decoder.past(memories)[:, :, units.channels]  # (B, L, C)
            future = units.normalize(self.head.batch_units(target.values), memories)  # (B, H, C)
            center_scale = units.center_scale(memories)
            weight = past.new_ones(()) if center_scale is None else center_scale[1]  # (B, 1, C)
            weight = weight * self.head.from_batch_units(past)[0]
            measured = target.observed.all(1)  # (B, C)
            self.count, self.left_out = self.count + measured.numel(), self.left_out + int((~measured).sum())
            yield tuple((one * weight).mT[measured] for one in (past, future))  # type: ignore[misc]

    def remark(self, part: str) -> str:
        """How many rows are left out, if any."""
        if not self.left_out:
            return ""
        return f"; without {self.left_out:,} of {self.count:,} in {part}, whose future was not measured at all steps"
