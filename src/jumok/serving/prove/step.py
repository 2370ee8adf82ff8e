"""One load of a proof: what was offered, and what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from jumok.serving.prove.load import NOT_ANSWERED


@dataclass(frozen=True)
class LoadStep:
    """One load."""

    load: float  # times the capacity
    offered: float  # requests a second
    goodput: float  # answers a second, within their deadline, while the load lasted
    p50: float  # milliseconds, from when a request should be sent
    p95: float
    p99: float
    shed: float  # share of requests answered 429
    failed: int  # any other status but 200
    lost: int  # written and never answered
    late: float  # seconds that the sender was behind its plan, at most
    memory: int  # bytes of server and model at the end
    cores: Mapping[str, float]  # processor seconds a second of server, model, sender and all others
    statuses: Mapping[str, int]  # requests by status; those below 1 are named in `load`

    def to_json(self) -> dict[str, Any]:
        """The step as JSON."""
        return asdict(self)


def step_of(
    load: float,
    rate: float,
    seconds: float,
    result: Mapping[str, Any],
    memory: int,
    cores: Mapping[str, float],
) -> LoadStep:
    """What a load gave.

    Args:
        load: Times the capacity.
        rate: Requests a second that were planned.
        seconds: How long.
        result: What the sender tells.
        memory: Bytes of server and model at the end.
        cores: Processors that were used, by whom.

    Returns:
        The step.
    """
    counts = {int(status): count for status, count in result["statuses"].items()}
    latencies, total = sorted(result["latencies"]), sum(counts.values())
    known = sum(counts.get(status, 0) for status in (200, 429, NOT_ANSWERED))
    return LoadStep(
        load=load,
        offered=round(rate, 2),
        goodput=round(result["in_time"] / seconds, 2),
        p50=percentile(latencies, 0.50),
        p95=percentile(latencies, 0.95),
        p99=percentile(latencies, 0.99),
        shed=round(counts.get(429, 0) / max(total, 1), 4),
        failed=total - known,
        lost=counts.get(NOT_ANSWERED, 0),
        late=result["late"],
        memory=memory,
        cores=cores,
        statuses=result["statuses"],
    )


def percentile(ordered: Sequence[float], share: float) -> float:
    """A percentile of seconds, in milliseconds; 0 where there are none."""
    return round(1000 * ordered[min(int(share * len(ordered)), len(ordered) - 1)], 1) if ordered else 0.0
