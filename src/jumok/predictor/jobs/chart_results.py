"""A folder of answers that are drawn as charts, like forecasts."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from jumok.drawing.encoding import png
from jumok.errors import DataError
from jumok.kinds.charts import chart_answers
from jumok.outputs import OutputFolder
from jumok.predictor.jobs.answers import ArrayWriter, answer_to_json
from jumok.predictor.jobs.events import Answered
from jumok.predictor.jobs.image_results import PREDICTIONS_FILE
from jumok.predictor.predictor import Predictor


class ChartResults:
    """A folder with predictions.json, an object for each input, and a chart of each, NUMBER.png."""

    def __init__(
        self, folder: Path, predictor: Predictor, count: int, overwrite: bool, inputs: Sequence[Path] = ()
    ) -> None:
        self.predictor = predictor
        self.files = OutputFolder(folder, inputs, overwrite)
        self.charts = [f"{number:05}.png" for number in range(1, count + 1)]
        names = [PREDICTIONS_FILE, *self.charts]
        self.files.require_free(names)
        self.files.remove_left(names)

    def write(self, answers: Iterable[Answered]) -> None:
        """Write all answers, one for each input in their order."""
        with self.files.written(PREDICTIONS_FILE) as out:
            array = ArrayWriter(out)
            for name, answered in zip(self.charts, answers, strict=True):
                array.add({**answer_to_json(*answered), **self.drawn(name, answered)})
            array.end()

    def drawn(self, name: str, answered: Answered) -> dict[str, str]:
        """Draw one answer; what its record says of that."""
        if isinstance(answered.answer, DataError):
            return {}
        parsed = self.predictor.parse_inputs(answered.input)
        outputs = answered.answer.outputs
        chart = chart_answers(self.predictor.inputs, self.predictor.outputs, parsed, outputs, {})
        return {} if chart is None else {"chart": self.files.save(name, png(chart))}
