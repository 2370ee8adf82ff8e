"""The scores of a finished training, for its record and its report."""

from collections.abc import Callable
from typing import Any

from jumok.evaluation.answers import SplitPredictions
from jumok.evaluation.record import (
    evaluation_document,
    headline_intervals,
    read_analysis,
    read_evaluation,
    write_record,
)
from jumok.evaluation.runs import answer_split, with_n_best
from jumok.evaluation.tuning import tune
from jumok.files import remove_file
from jumok.predictor import load
from jumok.reporting.run import write_report
from jumok.runs.config import experiment_of
from jumok.runs.folder import RunFolder
from jumok.training.reporter import Reporter


def score(folder: RunFolder, reporter: Reporter, keep: Callable[[SplitPredictions], None]) -> dict[str, Any]:
    """The scores of the best model, which are written into its record where they are not there yet.

    Args:
        folder: The run folder.
        reporter: Receives the scores.
        keep: Called with the answers where they are found now.

    Returns:
        What evaluation.json holds.
    """
    known, analysis = read_evaluation(folder.path), read_analysis(folder.path)
    if known is None or analysis is None:
        experiment, say = experiment_of(folder.path), reporter.message
        predictor = with_n_best(tune(folder.model, load(folder.model), experiment, say))
        answered = answer_split(predictor, experiment, None, say, reporter.scoring)
        baselines = experiment.training.baselines
        known = evaluation_document(predictor, answered, experiment, say, with_baselines=baselines)
        write_record(folder.path, answered, known, predictor)
        remove_file(folder.report)  # it tells of older scores
        keep(answered)
        analysis = read_analysis(folder.path) or {}
    if not folder.report.exists():
        write_report(folder.path)
    scores = headline_intervals(known, analysis["headline"])
    reporter.on_scores(known["split"], known["examples"], scores)
    reporter.on_baselines(known.get("baselines", {}))
    return known
