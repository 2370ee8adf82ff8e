"""How much a model uses each of several inputs: the attention that it gets, and the scores without it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import torch

from jumok.attention.record import record
from jumok.attention.shares import attention_shares
from jumok.data.text.specials import BANNED
from jumok.device import autocast
from jumok.errors import DataError, did_you_mean
from jumok.evaluation.answers import SplitPredictions, predict_examples
from jumok.kinds.contract import DecodingRequest
from jumok.kinds.presence import encode_inputs
from jumok.kinds.replay import questions_memory
from jumok.kinds.searching import build_search
from jumok.predictor.predictor import Predictor

NO_DIFFERENCE = "no significant difference"
HIDDEN_EXAMPLES = 500  # at most, that are answered again without an input where nobody asks for more
WATCHED_EXAMPLES = 32  # at most, whose attention is recorded


@dataclass(frozen=True)
class HiddenScore:
    """A metric with and without an input, and the change with its 95 % interval (paired bootstrap)."""

    whole: float
    without: float
    change: float  # without minus whole
    low: float
    high: float
    p: float
    verdict: str  # whether the model is worse or better without the input


@dataclass(frozen=True)
class InputUse:
    """What is known of the use of one input."""

    # the share of each output's attention to the memory that the states of this input get, in rows that have it
    attention: dict[str, float] = field(default_factory=dict)
    examples: int = 0  # that were answered without it
    hidden: dict[str, HiddenScore] = field(default_factory=dict)  # by metric; none where it cannot be hidden
    why_not: str = ""  # it cannot be hidden

    def to_json(self) -> dict[str, Any]:
        """The use as JSON."""
        return asdict(self)


def measure_inputs(
    predictor: Predictor,
    answered: SplitPredictions,
    names: Sequence[str] = (),
    most: int | None = None,
) -> dict[str, InputUse]:
    """Hide each input in all rows and score the answers; average the attention that it gets.

    Args:
        predictor: The model.
        answered: Its answers to a split, with all inputs.
        names: The inputs; none means all.
        most: How many examples are answered again, evenly spread; by default all where inputs are named, else
            `HIDDEN_EXAMPLES`.

    Returns:
        By input; nothing for a model of one input, and for an exported model, which has no attention to look at.

    Raises:
        DataError: A name is no input, or the only one.
    """
    for name in names:
        require_hideable(predictor, name)
    if len(predictor.inputs) == 1 or predictor.is_exported:
        return {}
    sample = spread_sample(answered, most or (None if names else HIDDEN_EXAMPLES))
    shares = mean_shares(predictor, spread_sample(answered, WATCHED_EXAMPLES))
    found = {}
    for name in names or predictor.inputs:
        use = InputUse({output: share[name] for output, share in shares.items() if name in share})
        found[name] = (
            replace(use, why_not=why)
            if (why := why_not(predictor, name))
            else hide(predictor, sample, name, use)
        )
    return found


def require_hideable(predictor: Predictor, name: str) -> None:
    """Refuse what is no input that can be hidden; raises DataError."""
    if name not in predictor.inputs:
        raise DataError(f"there is no input {name!r} to hide{did_you_mean(name, predictor.inputs)}")
    if why := why_not(predictor, name):
        raise DataError(f"{name} cannot be hidden: {why}")


def why_not(predictor: Predictor, name: str) -> str:
    """Why an input cannot be hidden; empty where it can."""
    if len(predictor.inputs) == 1:
        return "the model reads nothing else"
    if predictor.is_exported:
        return "it is an exported model; name the run"
    places = [output.name for output in predictor.outputs.values() if output.image == name]
    if places:
        return f"{places[0]} is found in it"
    needing = [output.name for output in predictor.outputs.values() if name in output.required_inputs]
    return f"{needing[0]} needs it in every row" if needing else ""


def spread_sample(answered: SplitPredictions, most: int | None) -> SplitPredictions:
    """The answers to `most` of the examples, evenly spread."""
    count = len(answered.examples)
    if most is None or most >= count:
        return answered
    chosen = np.linspace(0, count - 1, most).astype(int).tolist()
    return replace(
        answered,
        examples=[answered.examples[i] for i in chosen],
        predictions=[answered.predictions[i] for i in chosen],
        reference_rows=[answered.reference_rows[i] for i in chosen],
    )


def hide(predictor: Predictor, answered: SplitPredictions, name: str, use: InputUse) -> InputUse:
    """The use of an input with the scores of answers that are given without it.

    Args:
        predictor: The model.
        answered: The answers with all inputs.
        name: The input.
        use: What is known of its use.

    Returns:
        The use with these scores.
    """
    predictions = predict_examples(predictor.without(name), answered.split, answered.examples)
    others = replace(answered, predictions=predictions).outputs
    hidden: dict[str, HiddenScore] = {}
    for one, other in ((one, others[output]) for output, one in answered.outputs.items()):
        whole, without = one.plain_scores(), other.plain_scores()
        changes = other.differences(one)
        higher = {metric.name: metric.higher_is_better for metric in one.metrics}
        found = {
            name: HiddenScore(
                whole[name],
                without[name],
                d.difference,
                d.low,
                d.high,
                d.p,
                d.verdict(higher[name]) or NO_DIFFERENCE,
            )
            for name, d in changes.items()
        }
        hidden |= one.named(found)
    return replace(use, examples=len(predictions), hidden=hidden)


@torch.inference_mode()
def mean_shares(predictor: Predictor, answered: SplitPredictions) -> dict[str, dict[str, float]]:
    """The mean share of attention that each input gets, by output and input; greedy answers are rescored for it.

    An output that looks at no joined memory has none.
    """
    seen: dict[str, dict[str, list[float]]] = {}
    for example in answered.examples:
        values = {name: answered.split.value(name, example) for name in answered.split.inputs}
        for output, shares in example_shares(predictor, values).items():
            for name, share in shares.items():
                seen.setdefault(output, {}).setdefault(name, []).append(share)
    return {
        output: {name: float(np.mean(shares)) for name, shares in by_input.items()}
        for output, by_input in seen.items()
    }


def example_shares(predictor: Predictor, values: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """The share of attention that each input of one example gets, by output."""
    parsed = predictor.parse_inputs(values)
    if predictor.is_empty(parsed):
        return {}
    batch = predictor.collate(encode_inputs(predictor.inputs, [parsed]), [0])
    greedy = build_search(predictor.decoding.model_copy(update={"method": "greedy"}), BANNED)
    asked, found = DecodingRequest(greedy, predictor.max_tokens, [0]), {}
    with autocast(predictor.device, predictor.decoding.precision):
        memories = predictor.model.encode(batch)
        spans = memories.spans()
        for name, output in predictor.outputs.items():
            if output.replay is None or output.image is not None or len(spans) == 1:
                continue
            decoder = predictor.model.decoders[name]
            scored = output.replay(decoder, memories, batch, asked)
            if not scored.count:
                continue
            with record(predictor.model) as maps:
                scored.rescore(decoder, memories, 0)
            modules = [module for module in maps.names if questions_memory(name, module)]
            if shares := attention_shares(maps, modules, spans):
                found[name] = {
                    one: float(np.mean([layer[one] for layer in shares.values()])) for one in spans
                }
    return found
