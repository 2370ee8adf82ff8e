"""The metrics of texts, by name."""

from jumok.metrics.agreement import Unit, exact_match, token_accuracy, token_error_rate, word_error_rate
from jumok.metrics.metric import Metric
from jumok.metrics.overlap import bleu, bleu_lowercase, chrf


def text_metrics(unit: Unit) -> dict[str, Metric]:
    """All metrics of texts whose tokens are characters, symbols that spell a word, or words."""
    metrics = [
        bleu,
        bleu_lowercase,
        chrf,
        exact_match(unit),
        token_accuracy(unit),
        token_error_rate(unit),
        word_error_rate(unit),
    ]
    return {metric.name: metric for metric in metrics}
