"""What a proof says of the machine that it ran on, as far as that, and not the server, gave its figures."""

from collections.abc import Sequence

from jumok.serving.prove.load import NOT_SENT
from jumok.serving.prove.step import LoadStep
from jumok.wording import quantity

SERVER_FULL = 0.9  # of one processor
MACHINE_FULL = 0.95  # of all processors
TAKEN_BY_OTHERS = 0.25  # of all processors, by other programs
LATE = 0.5  # seconds that the sender may be behind its plan


def remarks_on(steps: Sequence[LoadStep], processors: int) -> list[str]:
    """A sentence for each reason why the figures of a load are not those of the server alone.

    Args:
        steps: The loads.
        processors: Those of the machine.

    Returns:
        The sentences.
    """
    return [sentence for step in steps for sentence in remarks_on_step(step, processors)]


def remarks_on_step(step: LoadStep, processors: int) -> list[str]:
    """The same for one load."""
    found, cores, at = [], step.cores, f"at {step.load:g}x"
    unsent, asked = step.statuses.get(str(NOT_SENT), 0), sum(step.statuses.values())
    if cores["others"] > TAKEN_BY_OTHERS * processors:
        found.append(
            f"{at} other programs took {cores['others']:.1f} of {processors} processors; prove on an idle machine"
        )
    elif sum(cores.values()) > MACHINE_FULL * processors:
        found.append(
            f"{at} the machine was the limit: server, model and sender together took all {processors} processors "
            f"({cores['server']:.2f} + {cores['model']:.2f} + {cores['sender']:.2f}); "
            "clients of another machine cost none"
        )
    if cores["server"] > SERVER_FULL:
        found.append(
            f"{at} the process of the server, which uses one processor, took {cores['server']:.2f} of it: it, and not "
            "the model, was the limit"
        )
    if unsent:
        found.append(
            f"{at} {unsent:,} of {quantity(asked, 'request')} were not sent, for want of a free connection; "
            "they count as failed"
        )
    if step.late > LATE:
        found.append(f"{at} the sender was up to {step.late:.1f} s behind its plan")
    return found
