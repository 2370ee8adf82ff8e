"""What a run keeps of its evaluation: scores, every answer, and where it does well."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jumok.dataset.prepare import Say
from jumok.errors import RunError
from jumok.evaluation.analysis import Analysis, analyse
from jumok.evaluation.answers import SplitPredictions
from jumok.evaluation.baselines import measure_baselines
from jumok.evaluation.examples import draw_examples
from jumok.evaluation.input_use import measure_inputs
from jumok.evaluation.mistakes.recorded import recorded_mistakes
from jumok.evaluation.stored import read_stored
from jumok.files import write_file_atomically, write_json
from jumok.machine import time_now
from jumok.metrics.interval import Interval
from jumok.predictor.predictor import Predictor
from jumok.runs.config import experiment_of
from jumok.runs.layout import RunLayout

if TYPE_CHECKING:
    from jumok.experiment.options import Experiment

# what Python's splitlines and others take for the end of a line, though JSON allows it within a text
SEPARATORS = str.maketrans({one: f"\\u{ord(one):04x}" for one in "\x85\u2028\u2029"})


def evaluation_document(
    predictor: Predictor,
    answered: SplitPredictions,
    experiment: "Experiment",
    say: Say,
    hide: Sequence[str] = (),
    with_baselines: bool = True,
) -> dict[str, Any]:
    """What evaluation.json holds: the scores, the use of each of several inputs, and the baselines.

    Args:
        predictor: The model.
        answered: Its answers to a split.
        experiment: Where the train split of the baselines is described.
        say: Called with messages.
        hide: Inputs that are hidden in all examples; none means each of several inputs, in some examples.
        with_baselines: Whether baselines are fitted and scored.

    Returns:
        The document.

    Raises:
        DataError: A name in `hide` is no input, or the only one.
    """
    document = answered.to_json(answered.scores())
    if uses := measure_inputs(predictor, answered, hide):
        document["inputs"] = {name: use.to_json() for name, use in uses.items()}
    if with_baselines:
        document["baselines"] = measure_baselines(experiment, answered, say)
    return document


def headline_intervals(document: Mapping[str, Any], headline: Sequence[str]) -> dict[str, Interval]:
    """The scores worth showing of what evaluation.json holds."""
    metrics = document["metrics"]
    return {name: Interval(**metrics[name]) for name in headline if name in metrics}


def write_record(
    run: Path, answered: SplitPredictions, document: Mapping[str, Any], predictor: Predictor | None = None
) -> None:
    """Write images, analysis.json, predictions.jsonl and, last, evaluation.json, which says that all is there.

    Args:
        run: The run folder.
        answered: The answers.
        document: What evaluation.json holds.
        predictor: The model, which tells where it disagrees with annotations; None leaves that out.

    Raises:
        RunError: A file cannot be written.
    """
    files = RunLayout(run)
    analyses = {name: analyse(one) for name, one in answered.outputs.items()}
    mistakes = [] if predictor is None else recorded_mistakes(predictor, answered, experiment_of(run))
    shown = [example for analysis in analyses.values() for example in analysis.examples]
    shown += [row["example"] for row in mistakes]
    common = {
        "images": draw_examples(run, answered, shown),
        "mistakes": mistakes,
        "began": answered.began,
        "ended": time_now(),
        "seconds": answered.seconds,
    }
    write_json(files.analysis, {**analysis_document(run, answered, analyses), **common})
    write_file_atomically(
        files.predictions, "".join(f"{line}\n" for line in prediction_lines(answered)).encode()
    )
    write_json(files.evaluation, dict(document))


def analysis_document(
    run: Path, answered: SplitPredictions, analyses: Mapping[str, Analysis]
) -> dict[str, Any]:
    """The analysis of the single output; of several, each by name, with the metric that chose the model."""
    documents = {name: asdict(analysis) for name, analysis in analyses.items()}
    if len(documents) == 1:
        return next(iter(documents.values()))
    chosen = experiment_of(run).selection.output
    metric = answered.outputs[chosen].prefix + analyses[chosen].metric
    return {"metric": metric, "headline": answered.headline, "outputs": documents}


def prediction_lines(answered: SplitPredictions) -> list[str]:
    """One JSON object for each example: inputs, right answers, and what was predicted, with score and n-best.

    Where there are several outputs, right answers and predictions are by output.
    """
    split = answered.split
    rows = zip(answered.examples, answered.reference_rows, answered.predictions, strict=True)
    return [
        json.dumps(
            {
                "inputs": {name: split.text(name, example) for name in split.inputs},
                **answers_json(right, {name: value.to_json() for name, value in prediction.outputs.items()}),
            },
            ensure_ascii=False,
        ).translate(SEPARATORS)
        for example, right, prediction in rows
    ]


def answers_json(
    right: Mapping[str, Sequence[str]], predicted: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Right answers and predictions of an example; those of several outputs are by name."""
    if len(right) > 1:
        return {"right": right, "outputs": predicted}
    name = next(iter(right))
    return {"right": right[name], **predicted[name]}


def read_evaluation(run: Path) -> dict[str, Any] | None:
    """The scores that were written, or None when there are none (whole)."""
    return _whole(RunLayout(run).evaluation)


def read_analysis(run: Path) -> dict[str, Any] | None:
    """The analysis that was written, or None when there is none (whole)."""
    return _whole(RunLayout(run).analysis)


def _whole(path: Path) -> dict[str, Any] | None:
    try:
        return read_stored(path)
    except RunError:
        return None
