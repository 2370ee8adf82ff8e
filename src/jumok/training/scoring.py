"""The scores of a finished training, for its record and its report."""

from typing import Any

from jumok.evaluation import (
    final_split,
    measure_inputs,
    open_split,
    predict_split,
    read_analysis,
    read_evaluation,
    tune,
    with_inputs,
    with_n_best,
    write_record,
)
from jumok.files import remove_file
from jumok.metrics.interval import Interval
from jumok.predictor import load
from jumok.reporting import write_report
from jumok.runs.config import experiment_of
from jumok.runs.folder import RunFolder
from jumok.training.reporter import Reporter


def score(folder: RunFolder, reporter: Reporter) -> dict[str, Any]:
    """The scores of the best model; those of the record when it has them already."""
    known, analysis = read_evaluation(folder.path), read_analysis(folder.path)
    if known is None or analysis is None:
        known, analysis = score_anew(folder, reporter)
    if not folder.report.exists():
        write_report(folder.path)
    metrics = known["metrics"]
    intervals = {name: Interval(**metrics[name]) for name in analysis["headline"] if name in metrics}
    reporter.on_scores(known["split"], known["examples"], intervals)
    return known


def score_anew(folder: RunFolder, reporter: Reporter) -> tuple[dict[str, Any], dict[str, Any]]:
    """Scores and analysis of the best model, written into its run."""
    experiment = experiment_of(folder.path)
    predictor = with_n_best(tune(folder.model, load(folder.model), experiment, reporter.message))
    split = open_split(experiment, predictor, final_split(experiment), reporter.message)
    answered = predict_split(predictor, split, progress=reporter.scoring)
    document = with_inputs(answered.to_json(answered.scores()), measure_inputs(predictor, answered))
    write_record(folder.path, answered, document)
    remove_file(folder.report)  # it tells of older scores
    return document, read_analysis(folder.path) or {}
