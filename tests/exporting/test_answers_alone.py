"""What model.py makes of a program's numbers is what the heads of jumok make of them."""

from typing import Any

import numpy as np
import pytest
import torch

from jumok.exporting.beside.numbers import label_answer, values_answer
from jumok.exporting.beside.series import forecast_answer
from jumok.exporting.describing import describe_output
from jumok.kinds.contract import DecodingRequest, OutputField
from jumok.kinds.forecast.field import forecast_output
from jumok.kinds.forecast.fitted import Forecast, Past
from jumok.kinds.forecast.options import ForecastOutput
from jumok.kinds.label.calibration import Calibration, LabelState
from jumok.kinds.label.codec import AboutLabel
from jumok.kinds.label.field import label_output
from jumok.kinds.label.options import LabelOutput
from jumok.kinds.values.codec import AboutValues
from jumok.kinds.values.field import values_output
from jumok.kinds.values.options import ValuesOutput
from jumok.kinds.values.state import ValuesState
from jumok.values import Memories, Memory, SeriesBatch
from made_predictors import made

NAMES = ("low", "mid", "high")
MEMORIES = Memories(
    {"x": Memory(torch.zeros(1, 1, 1), torch.ones(1, 1, dtype=torch.bool), torch.zeros(1, 1))}
)


class Numbers:
    """Stands for a head whose numbers are known."""

    def __init__(self, numbers: torch.Tensor) -> None:
        self.numbers = numbers

    def __call__(self, memory: Memory) -> torch.Tensor:
        return self.numbers

    def forecast(self, memories: Memories) -> torch.Tensor:
        return self.numbers


def both(field: OutputField, numbers: torch.Tensor, batch: dict[str, Any], answer: Any) -> tuple[Any, Any]:
    """The answer of model.py to the numbers of a program, and that of the head."""
    predictor = made("transformer")
    (expected,) = field.head.predict(
        Numbers(numbers), MEMORIES, batch, DecodingRequest(predictor.search, 9, [0], None)
    )
    details = describe_output(field, predictor)["details"]
    return answer({"": numbers.numpy()}, details), expected.to_json()


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("mode", ["one", "ordered", "several"])
def test_labels(mode, seed):
    torch.manual_seed(seed)
    options = {"one": {}, "ordered": {"ordered": NAMES}, "several": {"several": True}}[mode]
    temperature, thresholds = (1.7, ()) if mode != "several" else (1.0, (0.3, 0.5, 0.7))
    state = LabelState(NAMES, (1, 1, 1), 3, Calibration(temperature, thresholds))
    field = label_output(AboutLabel("said", LabelOutput(kind="label", **options), state))
    logits = torch.randn(1, 2 if mode == "ordered" else 3).sort(descending=True).values * 3
    ours, theirs = both(field, logits, {}, label_answer)
    assert ours["labels"] == theirs["labels"] and ours["text"] == theirs["text"]
    assert ours["probabilities"] == pytest.approx(theirs["probabilities"], abs=1e-6)


@pytest.mark.parametrize("calibration", [None, (0.2, 1.4)])
@pytest.mark.parametrize("uncertainty", ["none", "variance", "quantiles"])
def test_values(uncertainty, calibration):
    torch.manual_seed(0)
    state = ValuesState((3.0, -50.0), (2.0, 10.0), 9, calibration)
    options = ValuesOutput(kind="values", names=["a", "b"], uncertainty=uncertainty)
    field = values_output(AboutValues("said", options, state))
    numbers = torch.randn(1, 2 * {"none": 1, "variance": 2, "quantiles": 3}[uncertainty])
    ours, theirs = both(field, numbers, {}, values_answer)
    for one, other in zip(ours["values"], theirs["values"], strict=True):
        assert one.pop("name") == other.pop("name")
        for key, number in other.items():
            assert one[key] is None if number is None else one[key] == pytest.approx(number, rel=1e-5)


@pytest.mark.parametrize("loss", ["quantile", "mse"])
@pytest.mark.parametrize("goes_on", [True, False])
def test_forecasts(loss, goes_on):
    torch.manual_seed(0)
    quantiles = [0.1, 0.5, 0.9] if loss == "quantile" else []
    options = ForecastOutput(kind="forecast", horizon=4, loss=loss, quantiles=quantiles)
    units = np.array([3.0, -50.0]), np.array([2.0, 10.0])
    past = Past("x", 5, 2, (0, 1), np.array([1.0, 2.0]), np.array([3.0, 4.0])) if goes_on else None
    field = forecast_output(Forecast("said", options, ("a", "b"), *units, units[1], past))
    batch = {"x": SeriesBatch(torch.zeros(1, 5, 2), torch.ones(1, 5, 2, dtype=torch.bool), torch.ones(1, 5))}
    numbers = torch.randn(1, 4, 2, max(1, len(quantiles)))
    ours, theirs = both(field, numbers, batch, forecast_answer)
    assert ours["steps"] == theirs["steps"] and ours["channels"] == theirs["channels"]
    np.testing.assert_allclose(ours["values"], theirs["values"], rtol=1e-5, atol=1e-5)
    assert ours.get("quantiles", {}).keys() == theirs.get("quantiles", {}).keys()
    for level, found in ours.get("quantiles", {}).items():
        np.testing.assert_allclose(found, theirs["quantiles"][level], rtol=1e-5, atol=1e-5)
