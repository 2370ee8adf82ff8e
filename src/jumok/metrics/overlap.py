"""BLEU and chrF, exactly as sacreBLEU computes them, prepared for resampling.

sacreBLEU's counts are computed once for each sentence. A corpus score depends on their sum alone, so that a resample
costs one product of a vector and a matrix.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import zip_longest
from typing import TYPE_CHECKING

import numpy as np

from jumok.metrics.interval import ResamplableScore
from jumok.metrics.metric import Metric, check_examples

if TYPE_CHECKING:
    from sacrebleu.metrics import BLEU, CHRF


@dataclass(frozen=True)
class SummedCounts:
    """A sacreBLEU score of the sum of sentence counts (n, counts)."""

    scorer: "BLEU | CHRF"
    counts: np.ndarray

    def __call__(self, weights: np.ndarray) -> float:
        # Whole numbers: sacreBLEU prints some of them as such.
        total = np.rint(weights @ self.counts).astype(np.int64).tolist()
        return float(self.scorer._compute_score_from_stats(total).score)


def sacrebleu_metric(name: str, make: Callable[[], "BLEU | CHRF"], counts: int) -> Metric:
    """Build a metric from a scorer of sacreBLEU.

    Args:
        name: Name of the metric.
        make: Creates the scorer, on first use.
        counts: How many counts the scorer has for a sentence.

    Returns:
        The metric.
    """

    def prepare(predictions: list[str], references: list[list[str]]) -> ResamplableScore:
        check_examples(predictions, references)
        scorer = make()
        # Missing right answers are None, as sacreBLEU wants them.
        streams = list(zip_longest(*references))
        table = scorer._extract_corpus_statistics(predictions, streams) if predictions else []
        return SummedCounts(scorer, np.array(table, dtype=np.float64).reshape(len(predictions), counts))

    def signature(n_refs: int | None) -> str:
        scorer = make()
        known = {**vars(scorer), "num_refs": -1 if n_refs is None else n_refs}
        return str(scorer._SIGNATURE_TYPE(known))

    return Metric(name, True, prepare, signature, (0.0, 100.0))


@cache
def bleu_scorer(lowercase: bool) -> "BLEU":
    """sacreBLEU's scorer for BLEU (Papineni et al., 2002); `force` only silences a warning about tokenized text."""
    from sacrebleu.metrics import BLEU

    return BLEU(lowercase=lowercase, force=True)


@cache
def chrf_scorer() -> "CHRF":
    """sacreBLEU's scorer for chrF with its default settings (Popović, 2015)."""
    from sacrebleu.metrics import CHRF

    return CHRF()


bleu = sacrebleu_metric("bleu", lambda: bleu_scorer(lowercase=False), counts=2 + 2 * 4)
bleu_lowercase = sacrebleu_metric("bleu_lowercase", lambda: bleu_scorer(lowercase=True), counts=2 + 2 * 4)
chrf = sacrebleu_metric("chrf", chrf_scorer, counts=3 * 6)
