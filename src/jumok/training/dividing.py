"""Evaluation divided between processes: each answers some of the inputs, and all know all answers."""

from collections.abc import Callable, Mapping, Sequence

from jumok.predictor import Predictor
from jumok.training.processes import Processes
from jumok.values import Prediction, TextPrediction


class DividedPredictor:
    """A predictor that each process has: it answers each `number`-th input here, the others elsewhere."""

    def __init__(self, predictor: Predictor, processes: Processes) -> None:
        self.predictor, self.processes = predictor, processes

    def predict(
        self,
        inputs: Sequence[Mapping[str, str]],
        *,
        progress: Callable[[int], None] | None = None,
    ) -> list[Prediction]:
        """One prediction for each input, in order, without alternatives."""
        rank, number = self.processes.rank, self.processes.number
        mine = inputs[rank::number]
        found = self.processes.from_all(
            lambda: [written(answer) for answer in self.predictor.predict(mine, progress=progress)]
        )
        return [read(found[i % number][i // number]) for i in range(len(inputs))]


Written = dict[str, tuple[str, float]]  # text and score of each output


def written(prediction: Prediction) -> Written:
    return {name: (value.text, value.score) for name, value in prediction.outputs.items()}


def read(answer: Written) -> Prediction:
    return Prediction({name: TextPrediction(text, score) for name, (text, score) in answer.items()})
