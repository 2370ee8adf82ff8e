"""A folder of answers that are drawn as charts, like forecasts."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from jumok.drawing.encoding import png
from jumok.errors import DataError
from jumok.kinds.charts import chart_answers
from jumok.outputs import OutputFolder
from jumok.predictor.jobs.answers import answer_to_json, write_array
from jumok.predictor.jobs.events import Answered
from jumok.predictor.jobs.image_results import PREDICTIONS_FILE
from jumok.predictor.predictor import Predictor


def chart_name(number: int) -> str:
    """The file with the chart of an input, which are counted from 1."""
    return f"{number:05}.png"


class ChartResults:
    """A folder with predictions.json, an object for each input, and a chart of each, NUMBER.png."""

    def __init__(
        self, folder: Path, predictor: Predictor, count: int, overwrite: bool, inputs: Sequence[Path] = ()
    ) -> None:
        self.predictor = predictor
        self.files = OutputFolder(folder, inputs, overwrite)
        self.charts = [chart_name(number) for number in range(1, count + 1)]
        names = [PREDICTIONS_FILE, *self.charts]
        self.files.require_free(names)
        self.files.remove_left(names)

    def write(self, answers: Iterable[Answered]) -> None:
        """Write all answers, one for each input in their order."""
        self.write_kept(self.keep_all(*of) for of in zip(self.charts, answers, strict=True))

    def keep_all(self, name: str, answered: Answered) -> dict[str, Any]:
        """Draw one answer; what is told of it, as JSON."""
        return {**answer_to_json(*answered), **self.drawn(name, answered)}

    def write_kept(self, kept: Iterable[dict[str, Any]]) -> None:
        """Write predictions.json by what `keep_all` gave for each input."""
        with self.files.written(PREDICTIONS_FILE) as out:
            write_array(out, kept)

    def drawn(self, name: str, answered: Answered) -> dict[str, str]:
        """Draw one answer; what its record says of that."""
        if isinstance(answered.answer, DataError):
            return {}
        parsed = self.predictor.parse_inputs(answered.input)
        outputs = answered.answer.outputs
        chart = chart_answers(self.predictor.inputs, self.predictor.outputs, parsed, outputs, {})
        return {} if chart is None else {"chart": self.files.save(name, png(chart))}
