"""The steps to come, in rows and batches."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from jumok.data.cache.store import TextStore
from jumok.kinds.forecast.fitted import Forecast
from jumok.kinds.forecast.prediction import ForecastPrediction
from jumok.values import SeriesBatch


@dataclass(frozen=True)
class Futures:
    """The steps to come of many rows, standardized (H, C), NaN where nothing was measured; read when asked for."""

    cells: Sequence[str]
    root: Path
    about: Forecast

    def __getitem__(self, i: int) -> np.ndarray:
        return self.about.standardize(self.about.read(self.cells[i], self.root).values)


@dataclass(frozen=True)
class ForecastCodec:
    """Forecasts of rows and batches."""

    about: Forecast

    @property
    def digest(self) -> str:
        """Channels and units."""
        return self.about.digest

    def column(self, store: TextStore, root: Path) -> Futures:
        """The steps to come of all rows, read when they are asked for."""
        return Futures(list(store.texts(self.about.name)), root, self.about)

    def collate(self, items: Sequence[np.ndarray]) -> SeriesBatch:
        """Standardized steps (B, H, C)."""
        values = torch.from_numpy(np.stack(items))
        observed = ~values.isnan()
        valid = torch.ones(values.shape[:2], dtype=torch.bool)
        return SeriesBatch(values.nan_to_num(nan=0.0), observed, valid)

    def from_cells(self, texts: Sequence[str], root: Path) -> list[ForecastPrediction]:
        """What came, as if it was predicted."""
        return [self.certain(self.about.read(text, root).values) for text in texts]

    def reference_page(self, texts: Sequence[str], root: Path) -> dict[str, Any]:
        """What came, by channel, and other right answers."""
        text, *others = texts
        (came,) = self.from_cells([text], root)
        return {**came.to_json(), "others": others}

    def from_batch(self, batch: SeriesBatch) -> list[ForecastPrediction]:
        """What came, as if it was predicted."""
        values = batch.values.masked_fill(~batch.observed, torch.nan).cpu().numpy()
        return [self.certain(one * self.about.scale + self.about.center) for one in values]

    def certain(self, values: np.ndarray) -> ForecastPrediction:
        """Values (H, C) as a forecast whose quantiles are all there."""
        return ForecastPrediction(
            self.about.channels, values, dict.fromkeys(self.about.options.quantiles, values)
        )

    def pack(self, value: ForecastPrediction) -> dict[str, Any]:
        """The numbers, exactly."""
        quantiles = [one.tolist() for one in value.quantiles.values()]
        return {"values": value.values.tolist(), "quantiles": quantiles}

    def unpack(self, packed: dict[str, Any]) -> ForecastPrediction:
        """What `pack` was given."""
        shape = (-1, len(self.about.channels))
        values, *quantiles = (
            np.array(one, dtype=np.float32).reshape(shape) for one in (packed["values"], *packed["quantiles"])
        )
        levels = self.about.options.quantiles
        return ForecastPrediction(self.about.channels, values, dict(zip(levels, quantiles, strict=True)))

    def save(self, folder: Path, module: nn.Module) -> None:
        """Write channels and units."""
        self.about.save(folder)
