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
from jumok.evaluation.apart import Contest, Side, are_alike, contests, draw_sides, farthest_apart
from jumok.evaluation.record import read_analysis, read_evaluation, write_record
from jumok.evaluation.tuning import tune

__all__ = [
    "Analysis",
    "Answered",
    "Contest",
    "Shown",
    "Side",
    "analyse",
    "answer",
    "are_alike",
    "compare",
    "contests",
    "draw_sides",
    "evaluate",
    "experiment_of",
    "farthest_apart",
    "final_split",
    "open_split",
    "read_analysis",
    "read_evaluation",
    "tune",
    "with_alternatives",
    "write_record",
]
