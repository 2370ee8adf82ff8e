"""Ablation in an inspection: keys are hidden, and the model rescores its answer."""

from dataclasses import replace
from typing import Any

from torch import Tensor

from jumok.device import autocast
from jumok.errors import DataError
from jumok.inspection.ablation_test import Gradient, Verdict, ablation_test
from jumok.inspection.inspect import Inspection, OutputReplay
from jumok.inspection.layers import Target
from jumok.inspection.uses import Use
from jumok.kinds.replay import Bilingual, part_required

WHOLE_ANSWER = Bilingual("the whole answer", "답 전체")


def ablate(
    look: Inspection,
    attention: str,
    answer: int,
    query: int,
    layer: int | None = None,
    head: int | None = None,
    k: int = 3,
) -> dict[str, Any]:
    """Test whether the keys of largest weight matter: hide k of them, and as many others at random.

    Args:
        look: The inspection.
        attention: The name of the group of layers.
        answer: The number of the answer.
        query: The query.
        layer: The layer; None stands for all.
        head: The head; None stands for all.
        k: How many keys to hide.

    Returns:
        The verdict on the score of the query's part of the answer, as JSON.
    """
    if k < 1:
        raise DataError(f"k is how many keys are hidden, 1 or more; got {k}")
    use, layers = look.use(attention), look.layers(attention, answer)
    part_required(query, layers[0].shape[2], "query")
    chosen = layers if layer is None else [layers[part_required(layer, len(layers), "layer")]]
    if head is not None:
        part_required(head, min(one.shape[1] for one in chosen), "head")
    if use.kind == "windows" and len(chosen) > 1:
        raise DataError("the windows of each layer stand at other places; test one layer and head at a time")
    targets = [one.target(query) for one in chosen]
    said = said_of(look, use)
    part = part_of_query(said, use, answer, query)
    name = WHOLE_ANSWER if part is None else said.replay.part_name(answer, part)

    def score() -> Tensor:
        model, precision = look.predictor.model, look.predictor.decoding.precision
        with autocast(look.predictor.device, precision):
            memories = model.encode(look.batch) if use.use == "encoder" else look.memories
            scores = said.replay.rescore(model.decoders[said.name], memories, answer)
        return said.replay.score(scores, part)

    verdict = ablation_test(
        score,
        look.predictor.model,
        [target.place(head) for target in targets],
        targets[0].example,
        targets[0].query,
        targets[0].keys,
        k,
        output=name.en,
        output_ko=name.ko,
        measure=said.replay.measure,
    )
    return as_the_look_numbers(verdict, targets[0]).to_json()


def said_of(look: Inspection, use: Use) -> OutputReplay:
    """The output whose decoder a use belongs to; the first output for uses of encoders."""
    named = {one.name: one for one in look.outputs}
    return named.get(use.queries["name"], look.outputs[0])


def part_of_query(said: OutputReplay, use: Use, answer: int, query: int) -> int | None:
    """The part of the answer that a query predicts.

    Args:
        said: The output.
        use: The layers' use.
        answer: The number of the answer.
        query: The query.

    Returns:
        The part; None stands for the whole answer, as for queries of the input.
    """
    axis = use.queries
    if axis["of"] == "output":
        return said.replay.part_of(answer, query)
    if axis["kind"] != "cells" or query < len(axis["extra"]):
        return None
    row, column = divmod(query - len(axis["extra"]), axis["columns"])
    height, width = axis["cell"]
    if said.replay.part_at is None:
        return None
    return said.replay.part_at((column + 0.5) * width, (row + 0.5) * height)


def as_the_look_numbers(verdict: Verdict, target: Target) -> Verdict:
    """The verdict with its keys numbered as in the inspection, not as in the call."""
    meant = dict(zip(target.keys, target.layer_keys, strict=True))
    slopes = verdict.gradient
    if slopes is not None:
        known = tuple((meant[key], *numbers) for key, *numbers in slopes.keys if key in meant)
        slopes = Gradient(slopes.rank_correlation, known)  # type: ignore[arg-type]
    return replace(verdict, keys=tuple(meant[key] for key in verdict.keys), gradient=slopes)
