"""Scoring a model on a split: scores with intervals, where it does well, and whether two models differ."""

from typing import TYPE_CHECKING

from jumok.deferred import lazy_names

if TYPE_CHECKING:
    from jumok.evaluation.analysis import Analysis, ExampleRow, analyse
    from jumok.evaluation.answers import (
        OutputPredictions,
        SplitPredictions,
        compare,
        evaluate,
        final_split,
        open_split,
        predict_split,
        score_prefix,
        with_n_best,
    )
    from jumok.evaluation.apart import Contest, Side, are_alike, contests, draw_sides, farthest_apart
    from jumok.evaluation.baselines import measure_baselines
    from jumok.evaluation.input_use import InputUse, measure_inputs, measure_inputs_of, with_inputs
    from jumok.evaluation.record import read_analysis, read_evaluation, write_record
    from jumok.evaluation.tuning import tune

__all__ = [
    "Analysis",
    "OutputPredictions",
    "SplitPredictions",
    "Contest",
    "ExampleRow",
    "InputUse",
    "Side",
    "analyse",
    "predict_split",
    "are_alike",
    "compare",
    "contests",
    "draw_sides",
    "evaluate",
    "farthest_apart",
    "final_split",
    "measure_baselines",
    "measure_inputs",
    "measure_inputs_of",
    "open_split",
    "read_analysis",
    "read_evaluation",
    "score_prefix",
    "tune",
    "with_inputs",
    "with_n_best",
    "write_record",
]

if not TYPE_CHECKING:  # who checks types sees the names above, and no others
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "Analysis": "jumok.evaluation.analysis",
            "OutputPredictions": "jumok.evaluation.answers",
            "SplitPredictions": "jumok.evaluation.answers",
            "Contest": "jumok.evaluation.apart",
            "ExampleRow": "jumok.evaluation.analysis",
            "InputUse": "jumok.evaluation.input_use",
            "measure_inputs": "jumok.evaluation.input_use",
            "measure_inputs_of": "jumok.evaluation.input_use",
            "with_inputs": "jumok.evaluation.input_use",
            "Side": "jumok.evaluation.apart",
            "analyse": "jumok.evaluation.analysis",
            "predict_split": "jumok.evaluation.answers",
            "are_alike": "jumok.evaluation.apart",
            "compare": "jumok.evaluation.answers",
            "contests": "jumok.evaluation.apart",
            "draw_sides": "jumok.evaluation.apart",
            "evaluate": "jumok.evaluation.answers",
            "farthest_apart": "jumok.evaluation.apart",
            "final_split": "jumok.evaluation.answers",
            "measure_baselines": "jumok.evaluation.baselines",
            "open_split": "jumok.evaluation.answers",
            "read_analysis": "jumok.evaluation.record",
            "read_evaluation": "jumok.evaluation.record",
            "score_prefix": "jumok.evaluation.answers",
            "tune": "jumok.evaluation.tuning",
            "with_n_best": "jumok.evaluation.answers",
            "write_record": "jumok.evaluation.record",
        },
    )
