"""Baselines of texts: the most frequent answer, a copy of the source, the answer to the most similar source."""

from collections import Counter
from collections.abc import Callable, Sequence

from jumok.baselines.neighbours import nearest_neighbours
from jumok.baselines.protocol import Baseline, BaselineInputs, FittedBaseline, TrainingAnswers, always
from jumok.values import TextPrediction

MAX_COUNTED = 200_000  # answers among which the most frequent one is looked for


def text_baselines(sources: Sequence[str]) -> list[Baseline]:
    """The baselines of a text output; a source is an input that is a text."""
    return [
        Baseline("most frequent answer", most_frequent, MAX_COUNTED),
        *(Baseline(f"copy of {name}", copy_baseline(name), max_examples=0) for name in sources),
        Baseline("answer to the most similar input", most_similar, uses_features=True),
    ]


def text_answer(text: str) -> TextPrediction:
    """A text as a prediction without a probability."""
    return TextPrediction(text, 0.0)


def most_frequent(inputs: BaselineInputs, answers: TrainingAnswers) -> FittedBaseline:
    """The answer that stands most often in train; of equally frequent ones, the first."""
    ((text, _),) = Counter(answers.cells).most_common(1)
    return always(text_answer(text))


def copy_baseline(name: str) -> Callable[[BaselineInputs, TrainingAnswers], FittedBaseline]:
    """The baseline that answers with the text of an input as it is; there is nothing to fit."""

    def answer(asked: BaselineInputs) -> list[TextPrediction]:
        return [text_answer(text) for text in asked.cells(name)]

    return lambda inputs, answers: answer


def most_similar(inputs: BaselineInputs, answers: TrainingAnswers) -> FittedBaseline:
    """The answer to the example of train whose inputs have the nearest summary features."""
    known = inputs.features()

    def answer(asked: BaselineInputs) -> list[TextPrediction]:
        return [text_answer(answers.cells[i]) for i in nearest_neighbours(asked.features(), known)]

    return answer
