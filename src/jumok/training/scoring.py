"""The scores of a finished training, for its record and its report."""

from collections.abc import Callable
from typing import Any

from jumok.evaluation import (
    SplitPredictions,
    final_split,
    measure_baselines,
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


def score(folder: RunFolder, reporter: Reporter, keep: Callable[[SplitPredictions], None]) -> dict[str, Any]:
    """The scores of the best model; those of the record when it has them already, else of answers to `keep`."""
    known, analysis = read_evaluation(folder.path), read_analysis(folder.path)
    if known is None or analysis is None:
        experiment = experiment_of(folder.path)
        predictor = with_n_best(tune(folder.model, load(folder.model), experiment, reporter.message))
        split = open_split(experiment, predictor, final_split(experiment), reporter.message)
        answered = predict_split(predictor, split, progress=reporter.scoring)
        known = with_inputs(answered.to_json(answered.scores()), measure_inputs(predictor, answered))
        if experiment.training.baselines:
            known |= {"baselines": measure_baselines(experiment, answered, reporter.message)}
        write_record(folder.path, answered, known)
        remove_file(folder.report)  # it tells of older scores
        keep(answered)
        analysis = read_analysis(folder.path) or {}
    if not folder.report.exists():
        write_report(folder.path)
    metrics = known["metrics"]
    intervals = {name: Interval(**metrics[name]) for name in analysis["headline"] if name in metrics}
    reporter.on_scores(known["split"], known["examples"], intervals)
    reporter.on_baselines(known.get("baselines", {}))
    return known
