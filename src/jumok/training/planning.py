"""How long a training is and how often it is evaluated, where the experiment does not say: derived from counts.

Counts and not clocks, so that results stay a pure function of seed, data and options. Only `training.minutes` asks a
clock, once, before the first step.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jumok.kinds.catalogue import Fields

if TYPE_CHECKING:
    from jumok.kinds.options import ModelOptions

STEPS_OF_ONE_BATCH = 500  # chosen, not measured; steps grow with the square root of the batches of an epoch
SHARE = 0.1  # of the time that evaluations may take
LEARNING = 3.0  # what a step costs for an example, where an answer by one pass forward costs 1
SEARCHING = 4.0  # what an answer of tokens costs, which are found one after the other
MOST_EXAMPLES, FEWEST_EXAMPLES = 1000, 200  # of the valid part, answered at an evaluation
USUAL, FEW, FEWEST = 20, 10, 4  # evaluations of a training
LONGEST = 500  # steps between two evaluations of a usual training


@dataclass(frozen=True)
class Evaluations:
    """When a training is evaluated, and on how many examples of the valid part."""

    every: int  # steps
    examples: int


def planned_steps(batches: int, accumulate: int = 1) -> int:
    """Steps of a training whose epoch has so many batches, rounded to two digits.

    Four times the data are seen half as often: 1 batch 500 times, 10 batches 160 times, 100 batches 50 times, 1,000
    batches 16 times.
    """
    return rounded(STEPS_OF_ONE_BATCH * math.sqrt(max(1, batches) / accumulate))


def steps_within(seconds: float, pace: float) -> int:
    """Steps that take so long when one takes `pace` seconds, with evaluations and the final scoring."""
    return max(1, int(seconds * (1 - SHARE) / pace))


def planned_evaluations(
    steps: int,
    valid: int,
    examples_a_step: float,
    searches: bool,
    every: int | None = None,
    examples: int | None = None,
) -> Evaluations:
    """Evaluations that take about a tenth of the time; `every` and `examples` are kept where they are given.

    Rather than be too dear, evaluations come less often, down to 10, then look at fewer examples, down to 200, and then
    come less often again, down to 4.

    Args:
        steps: Steps of the training.
        valid: Examples of the valid split.
        examples_a_step: Examples of a step.
        searches: Whether answers are found token by token.
        every: Steps between evaluations, if it is given.
        examples: Examples that are answered at each, if it is given.

    Returns:
        The plan.
    """
    usual = every or max(1, min(LONGEST, steps // USUAL))
    most = min(valid, examples or MOST_EXAMPLES)
    cost = 1.0 + (SEARCHING if searches else 1.0)  # its loss and its answer
    bearable = SHARE * LEARNING * examples_a_step / cost  # examples answered for each step

    def between(often: int) -> int:
        """Steps that pay for an evaluation, at most as many as leave so many evaluations."""
        return every or max(usual, min(math.ceil(most / bearable), max(1, steps // often)))

    chosen = between(FEW)
    if examples is None:
        most = min(most, max(FEWEST_EXAMPLES, int(bearable * chosen)))
    return Evaluations(max(chosen, between(FEWEST)), max(1, most))


def steps_of_evaluation(valid: int, examples: int, examples_a_step: float, searches: bool) -> float:
    """How many steps take as long as one evaluation: the loss of all of valid, and some of its answers.

    Args:
        valid: Examples of the valid split.
        examples: How many of them are answered.
        examples_a_step: Examples of a step.
        searches: Whether answers are found token by token.

    Returns:
        The number of steps.
    """
    passes = valid + examples * (SEARCHING if searches else 1.0)
    return passes / (LEARNING * examples_a_step)


def rounded(steps: float) -> int:
    """A number of two digits and zeros that is easily read."""
    unit = 10 ** max(0, math.floor(math.log10(steps)) - 1)
    return max(1, round(steps / unit) * unit)


def planned_learning_rate(fields: Fields, model: "ModelOptions") -> float:
    """The peak that all fields learn well with, rounded to two digits."""
    return float(f"{min(field.learning_rate(model) for field in fields.all.values()):.1e}")


def most_examples(fields: Fields) -> int | None:
    """The examples that all fields take in a batch, at most; None where tokens are budget enough."""
    limits = (field.batching.max_examples for field in fields.all.values())
    return min((limit for limit in limits if limit is not None), default=None)
