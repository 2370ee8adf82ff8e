"""The suspected annotations that a run keeps with its evaluation, for its report."""

from typing import Any

from jumok.evaluation.analysis import spread
from jumok.evaluation.answers import SplitPredictions
from jumok.evaluation.mistakes.label_keys import key_of_row
from jumok.evaluation.mistakes.suspicions import by_row, check_rows, suspicions_of
from jumok.experiment.labelled import source_of_rows
from jumok.experiment.options import Experiment
from jumok.predictor.predictor import Predictor

MOST_RATED = 2000  # examples that are compared
MOST_ROWS = 6  # that a report shows


def recorded_mistakes(
    predictor: Predictor, answered: SplitPredictions, experiment: Experiment
) -> list[dict[str, Any]]:
    """The rows of a scored split whose annotations are most likely wrong, best first.

    Args:
        predictor: The model.
        answered: Its answers.
        experiment: Where the split is described.

    Returns:
        For each row its place among the answers, its line, its key in the label page, its inputs, and what is
        suspected; nothing where outputs cannot be doubted.
    """
    if not any(field.mistakes for field in predictor.outputs.values()):
        return []
    places = list(spread(len(answered.predictions), MOST_RATED))
    split, examples = answered.split, [answered.examples[i] for i in places]
    predictions = [answered.predictions[i] for i in places]
    part = check_rows(predictor, split, examples, split.name == "train", predictions)
    source = source_of_rows(experiment, split.name)
    place_of = dict(zip(examples, places, strict=True))
    rows = list(by_row(suspicions_of([part])).items())[:MOST_ROWS]
    return [
        {
            "example": place_of[example],
            "line": split.line(example),
            "key": key_of_row(split, source, example),
            "inputs": {name: split.text(name, example) for name in split.inputs},
            "found": [{"output": one.output, **one.what.to_json()} for one in found],
        }
        for (_, example), found in rows
    ]
