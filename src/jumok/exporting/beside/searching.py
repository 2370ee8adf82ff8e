"""Beam search over the exported step of a decoder of texts."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from jumok.exporting.beside.texts import BOS, EOS, PAD, UNK

Step = Callable[[Mapping[str, np.ndarray]], Mapping[str, np.ndarray]]


def search(step: Step, state: Mapping[str, np.ndarray], about: Mapping[str, Any]) -> tuple[list[int], float]:
    """The best tokens of one example, without its end mark, and their score: log-probability / length ** penalty.

    Args:
        step: Computes the logits of the next token and the changed part of the state.
        state: The state before the first token.
        about: What model.json says of the output; a beam of 1 is greedy search.
    """
    beam, axes, changed = about["beam"], about["state"], about["changed"]
    live: list[tuple[float, list[int]]] = [(0.0, [])]
    ended: list[tuple[float, list[int]]] = []
    for length in range(1, about["max_tokens"] + 1):
        last = [tokens[-1] if tokens else BOS for _, tokens in live]
        found = step({"token": np.array(last, dtype=np.int64), **state})
        total = np.array([score for score, _ in live])[:, None] + log_probabilities(found["logits"])
        best = np.argsort(-total, axis=None, kind="stable")[: 2 * beam]
        rows, tokens = (part.tolist() for part in np.unravel_index(best, total.shape))
        ranked = list(zip(total.flat[best].tolist(), rows, tokens, strict=True))
        going = [one for one in ranked if one[2] != EOS and one[0] > -np.inf][:beam]
        closing = [one for one in ranked[:beam] if one[2] == EOS]
        if length == about["max_tokens"]:
            closing += going
        worth = length ** about["length_penalty"]
        ended += [(score / worth, [*live[row][1], token]) for score, row, token in closing]
        done = sorted((score for score, _ in ended), reverse=True)[:beam]
        if not going or (len(done) == beam and going[0][0] / worth <= done[-1]):
            break
        kept = [row for _, row, _ in going]
        after = {name: found[f"next.{name}"] if name in changed else one for name, one in state.items()}
        state = {name: one.take(kept, axes[name]) for name, one in after.items()}
        live = [(score, [*live[row][1], token]) for score, row, token in going]
    score, answer = max(ended, key=lambda one: one[0])
    return (answer[:-1] if answer[-1] == EOS else answer), score


def log_probabilities(logits: np.ndarray) -> np.ndarray:
    """The log-probabilities of tokens (R, V); padding, the unknown token and the begin mark are never written."""
    moved = logits.astype(np.float64)
    moved[:, [PAD, UNK, BOS]] = -np.inf
    moved -= moved.max(1, keepdims=True)
    return np.asarray(moved - np.log(np.exp(moved).sum(1, keepdims=True)))
