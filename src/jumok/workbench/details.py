"""The details of an inspection that the page requests, as JSON."""

from typing import Any

import torch
from torch import Tensor

from jumok.errors import DataError, did_you_mean
from jumok.inspection import views
from jumok.inspection.heads import HeadStatistics, Positions
from jumok.inspection.inspect import Inspection
from jumok.inspection.uses import pool_map
from jumok.kinds.replay import part_required


def row(look: Inspection, attention: str, answer: int, query: int) -> dict[str, Any]:
    """The weights of one query in all layers and heads.

    Args:
        look: The inspection.
        attention: The name of the group of layers.
        answer: The number of the answer.
        query: The query.

    Returns:
        JSON.
    """
    return {"weights": [layer.tolist() for layer in look.row(attention, answer, query)]}


def column(look: Inspection, attention: str, answer: int, key: int, layer: int, head: int) -> dict[str, Any]:
    """The weights of all queries on one key, in one head.

    Args:
        look: The inspection.
        attention: The name of the group of layers.
        answer: The number of the answer.
        key: The key.
        layer: The layer.
        head: The head.

    Returns:
        JSON.
    """
    whole = look.map_of(attention, answer, layer)
    part_required(head, whole.shape[1], "head")
    part_required(key, whole.shape[3], "key")
    return {"weights": whole[0, head, :, key].tolist()}


def map_of(look: Inspection, attention: str, answer: int, layer: int, head: int) -> dict[str, Any]:
    """All weights of one head, pooled by maximum if the map is large.

    Args:
        look: The inspection.
        attention: The name of the group of layers.
        answer: The number of the answer.
        layer: The layer.
        head: The head.

    Returns:
        JSON.
    """
    whole = look.map_of(attention, answer, layer)
    weights, some = pool_map(whole, part_required(head, whole.shape[1], "head"))
    rows, columns = weights.shape
    return {"rows": rows, "columns": columns, "weights": weights.flatten().tolist(), "pooled": some}


def heads(look: Inspection, attention: str, answer: int) -> dict[str, Any]:
    """Statistics of each head; without distances if positions cannot be compared.

    Args:
        look: The inspection.
        attention: The name of the group of layers.
        answer: The number of the answer.

    Returns:
        JSON.
    """
    use, layers = look.use(attention), look.layers(attention, answer)
    _, _, T, S = layers[0].shape
    stands = use.stands(answer)
    known = stands or Positions(torch.zeros(T, 1), torch.zeros(S, 1))
    found = [one for number, layer in enumerate(layers) for one in layer.statistics(number, known)]
    return {"heads": [head_to_json(one, stands is not None) for one in found]}


def head_to_json(one: HeadStatistics, stands: bool) -> dict[str, Any]:
    """Statistics of a head as JSON; without distances if the positions are not known."""
    return one.to_json() if stands else {**one.to_json(), "distance": None}


def derived(
    look: Inspection, attention: str, answer: int, view: str, query: int | None, shift: int = 0
) -> dict[str, Any]:
    """A view of the weights, labelled as computed.

    Args:
        look: The inspection.
        attention: The name of the group of layers.
        answer: The number of the answer.
        view: The name of the view.
        query: The query, if the view is of one.
        shift: 0 for the step that predicts a token, 1 for the one that has read it.

    Returns:
        JSON.
    """
    if view not in DERIVED:
        raise DataError(f"there is no view {view!r}{did_you_mean(view, DERIVED)}")
    use, layers = look.use(attention), look.layers(attention, answer)
    if view == "alignment":
        return aligned(look, attention, answer, shift)
    if query is None:
        raise DataError(f"the view {view!r} is of one query; name it")
    part_required(query, layers[0].shape[2], "query")
    if view == "mean":
        made = views.head_mean(layers, query=query)  # type: ignore[arg-type]
        return view_to_json(made, made.weights)
    if use.use == "cross" or use.kind == "windows":
        raise DataError("rollout follows attention within one input or answer, and this one looks at another")
    start = torch.zeros(1, layers[0].shape[2])
    start[0, query] = 1.0
    made = views.rollout(layers, start=start)  # type: ignore[arg-type]
    return view_to_json(made, made.weights[0])


DERIVED = ("mean", "rollout", "alignment")


def aligned(look: Inspection, attention: str, answer: int, shift: int) -> dict[str, Any]:
    """The key that each token of the answer is aligned to.

    Args:
        look: The inspection.
        attention: The name of the group of layers.
        answer: The number of the answer.
        shift: 0 for the step that predicts a token, 1 for the one that has read it.

    Returns:
        JSON.
    """
    use = look.use(attention)
    if use.use != "cross" or use.queries["kind"] != "tokens":
        raise DataError("an alignment is of the tokens of an answer to its input")
    if shift not in (0, 1):
        raise DataError(f"shift is 0, when a token is predicted, or 1, when it has been read; got {shift}")
    mean = views.head_mean(look.layers(attention, answer))  # type: ignore[arg-type]
    made = views.alignment(mean.weights, shift)
    said = view_to_json(made, None)
    return {**said, "shift": shift, "pairs": [list(pair) for pair in views.pairs(made.weights)]}


def view_to_json(view: views.View, weights: Tensor | None) -> dict[str, Any]:
    """A view with its weights, if there are any, as JSON."""
    said: dict[str, Any] = {"view": view.name, "label": {"en": view.label_en, "ko": view.label_ko}}
    return said if weights is None else {**said, "weights": weights.tolist()}


def check(look: Inspection, answer: int) -> dict[str, Any]:
    """Whether weights · values give what the kernel gave, at worst."""
    worst = look.check(answer)
    return {"error": worst.error, "most": worst.tolerance, "holds": worst.ok}


def steps(look: Inspection) -> dict[str, Any]:
    """The search of the first output that is written token by token, step by step."""
    for one in look.outputs:
        found = one.replay.steps
        if found is not None:
            return {"steps": found}
    raise DataError("there is no search to follow: nothing was written token by token")
