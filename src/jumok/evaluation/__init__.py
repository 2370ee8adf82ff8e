"""Scoring a model on a split: scores with intervals, where it does well, and whether two models differ."""

from jumok.evaluation.analysis import Analysis, Shown, analyse
from jumok.evaluation.answers import (
    Answered,
    answer,
    compare,
    evaluate,
    experiment_of,
    final_split,
    open_split,
    with_alternatives,
)
from jumok.evaluation.record import read_analysis, read_evaluation, write_record
from jumok.evaluation.tuning import tune

__all__ = [
    "Analysis",
    "Answered",
    "Shown",
    "analyse",
    "answer",
    "compare",
    "evaluate",
    "experiment_of",
    "final_split",
    "open_split",
    "read_analysis",
    "read_evaluation",
    "tune",
    "with_alternatives",
    "write_record",
]
