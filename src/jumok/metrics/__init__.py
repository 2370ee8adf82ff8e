"""Scores of predictions against references, with their uncertainty."""

from typing import TYPE_CHECKING

from jumok.deferred import lazy_names

if TYPE_CHECKING:
    from jumok.metrics.agreement import exact_match, token_accuracy, token_error_rate, word_error_rate
    from jumok.metrics.boxes import ClassCounts, box_metrics, class_counts
    from jumok.metrics.interval import Difference, Interval, ResamplableScore, bootstrap, paired_bootstrap
    from jumok.metrics.masks import confusion, mask_metrics
    from jumok.metrics.matching import FoundBoxes, TrueBoxes
    from jumok.metrics.metric import Metric, count_references
    from jumok.metrics.overlap import bleu, bleu_lowercase, chrf
    from jumok.metrics.report import compare_texts, evaluate_texts, score_texts
    from jumok.metrics.text import text_metrics

__all__ = [
    "ClassCounts",
    "Difference",
    "FoundBoxes",
    "Interval",
    "Metric",
    "ResamplableScore",
    "TrueBoxes",
    "bleu",
    "bleu_lowercase",
    "bootstrap",
    "box_metrics",
    "chrf",
    "class_counts",
    "compare_texts",
    "confusion",
    "count_references",
    "evaluate_texts",
    "exact_match",
    "mask_metrics",
    "paired_bootstrap",
    "score_texts",
    "text_metrics",
    "token_accuracy",
    "token_error_rate",
    "word_error_rate",
]

if not TYPE_CHECKING:  # type checkers see the names above only
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "jumok.metrics.agreement": (
                "exact_match",
                "token_accuracy",
                "token_error_rate",
                "word_error_rate",
            ),
            "jumok.metrics.boxes": ("ClassCounts", "box_metrics", "class_counts"),
            "jumok.metrics.interval": (
                "Difference",
                "Interval",
                "ResamplableScore",
                "bootstrap",
                "paired_bootstrap",
            ),
            "jumok.metrics.masks": ("confusion", "mask_metrics"),
            "jumok.metrics.matching": ("FoundBoxes", "TrueBoxes"),
            "jumok.metrics.metric": ("Metric", "count_references"),
            "jumok.metrics.overlap": ("bleu", "bleu_lowercase", "chrf"),
            "jumok.metrics.report": ("compare_texts", "evaluate_texts", "score_texts"),
            "jumok.metrics.text": ("text_metrics",),
        },
    )
