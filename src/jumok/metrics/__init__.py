"""Scores of predictions against right answers, with their uncertainty."""

from jumok.metrics.agreement import exact_match, token_accuracy, token_error_rate, word_error_rate
from jumok.metrics.interval import Difference, Interval, Score, bootstrap, paired_bootstrap
from jumok.metrics.metric import Metric, count_references
from jumok.metrics.overlap import bleu, bleu_lowercase, chrf
from jumok.metrics.report import compare_texts, evaluate_texts
from jumok.metrics.text import text_metrics

__all__ = [
    "Difference",
    "Interval",
    "Metric",
    "Score",
    "bleu",
    "bleu_lowercase",
    "bootstrap",
    "chrf",
    "compare_texts",
    "count_references",
    "evaluate_texts",
    "exact_match",
    "paired_bootstrap",
    "text_metrics",
    "token_accuracy",
    "token_error_rate",
    "word_error_rate",
]
