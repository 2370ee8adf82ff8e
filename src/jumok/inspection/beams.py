"""The rows of the recorded steps that belong to one answer: in beam search, hypotheses change rows."""

from collections.abc import Sequence

import torch
from torch import Tensor

from jumok.attention.maps import AttentionMap
from jumok.attention.scores import DotScores
from jumok.errors import DataError
from jumok.wording import quantity

Rows = Sequence[int]
BeamIndices = Tensor | Sequence[int] | Sequence[Sequence[int]]


def rows_of(beam_indices: BeamIndices, example: int) -> list[int]:
    """The row of an answer at each step, from `beam_indices` of `generate`: of all answers, or of one."""
    table = torch.as_tensor(beam_indices)
    table = table[None] if table.ndim == 1 else table
    if table.ndim != 2 or table.is_floating_point():
        raise DataError(
            f"beam_indices are whole numbers (answers, steps), as generate gives them; got {tuple(table.shape)}"
        )
    if not 0 <= example < len(table):
        raise DataError(f"there is no example {example}; beam_indices has {len(table)}, numbered from 0")
    rows = [row for row in table[example].tolist() if row >= 0]  # -1 fills up
    if not rows:
        raise DataError(f"beam_indices has no step for example {example}")
    return rows


def require_steps(calls: Sequence[AttentionMap], rows: Rows) -> None:
    """DataError unless there is a call, and a row of it, for each step of an answer."""
    name, batch = calls[0].name, calls[0].shape[0]
    if len(calls) < len(rows):
        raise DataError(
            f"beam_indices has {quantity(len(rows), 'step')}, but {name} was called "
            f"{len(calls)} times; record one call of "
            "generate, and give the beam_indices of that call"
        )
    if max(rows) >= batch:
        raise DataError(
            f"beam_indices names row {max(rows)}, but {name} was called with {quantity(batch, 'row')}"
        )


def refuse_beams(own: Sequence[Sequence[AttentionMap]], cross: Sequence[Sequence[AttentionMap]]) -> None:
    """DataError if rows of recorded steps are beams: a row is then no single answer.

    `own` are the calls of layers that look at what was said so far. Their cache tells: what a row had read at one step
    must be what it has read at the next. Without such layers, rows that look at one and the same input are beams.
    """
    stepped = [calls for calls in own if len(calls) > 1 and calls[0].shape[0] > 1]
    beams = next((calls for calls in stepped[:1] if changes_places(calls)), None)
    if beams is None and not stepped:
        several = (calls for calls in cross if len(calls) > 1 and calls[0].shape[0] > 1)
        beams = next((calls for calls in several if shares_keys(calls[0])), None)
    if beams is not None:
        raise DataError(
            f"{beams[0].name} was recorded in a search of "
            f"{quantity(beams[0].shape[0], 'row')}, which change places from step to "
            "step; give beam_indices=out.beam_indices, with out = model.generate(..., return_dict_in_generate=True)"
        )


def changes_places(calls: Sequence[AttentionMap]) -> bool:
    """Whether, at some step, a row continues another one."""
    for before, after in zip(calls, calls[1:], strict=False):
        if not (isinstance(before.scores, DotScores) and isinstance(after.scores, DotScores)):
            return False
        length = min(before.shape[3], after.shape[3])
        old, new = before.scores.keys[:, :, :length], after.scores.keys[:, :, :length]
        if old.shape == new.shape and any(is_of_another(row, before, old, new) for row in range(len(old))):
            return True
    return False


def is_of_another(row: int, before: AttentionMap, old: Tensor, new: Tensor) -> bool:
    """Whether a row of the cache now has the keys of another hypothesis.

    Args:
        row: The row.
        before: The earlier call.
        old: Its keys.
        new: The keys of the later call.

    Returns:
        True if the row was replaced.
    """
    if torch.equal(old[row], new[row]):
        return False
    seen = (before[row, 0, -1, : old.shape[2]] > 0).to(old.device)  # (S,)
    now = new[row][:, seen]
    if torch.equal(old[row][:, seen], now):
        return False
    return any(torch.equal(old[other][:, seen], now) for other in range(len(old)) if other != row)


def shares_keys(call: AttentionMap) -> bool:
    """Whether two rows share their keys."""
    if not isinstance(call.scores, DotScores):
        return False
    rows = call.scores.keys.flatten(1)
    return len(rows.unique(dim=0)) < len(rows)
