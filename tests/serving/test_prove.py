"""What a proof says of its machine, and what a spare process loads before it knows its model."""

import sys

from jumok.serving.prove.load import NOT_SENT
from jumok.serving.prove.remarks import remarks_on
from jumok.serving.prove.step import LoadStep, step_of
from jumok.serving.worker import import_needed, needed_modules


def step(late: float = 0.0, unsent: int = 0, **cores: float) -> LoadStep:
    result = {"statuses": {"200": 90, str(NOT_SENT): unsent}, "latencies": [0.1], "late": late, "in_time": 90}
    own = {"server": 0.1, "model": 0.5, "sender": 0.1, "others": 0.0}
    return step_of(10.0, 20.0, 5.0, result, 0, own | cores)


def test_a_proof_says_when_the_machine_gave_its_figures():
    assert remarks_on([step()], 2) == []
    (disturbed,) = remarks_on([step(others=1.2)], 2)
    assert "other programs took 1.2 of 2 processors" in disturbed and "at 10x" in disturbed
    (crowded,) = remarks_on([step(server=0.8, model=0.8, sender=0.35)], 2)
    assert "took all 2 processors (0.80 + 0.80 + 0.35)" in crowded
    (front,) = remarks_on([step(server=0.95)], 2)
    assert "took 0.95 of it" in front
    late, unsent = sorted(remarks_on([step(late=1.5, unsent=10)], 2), reverse=True)
    assert "1.5 s behind" in late and "10 of 100 requests were not sent" in unsent


def test_requests_without_a_connection_count_as_failed():
    assert step(unsent=7).failed == 7


def test_a_spare_process_loads_modules_of_known_packages_alone():
    absent = "this"  # a module of Python that says a poem when it is imported
    import_needed(["jumok.nothing", absent, "jumok.serving.wire"])
    assert absent not in sys.modules and "jumok.nothing" not in sys.modules
    found = needed_modules()
    assert "jumok.serving.wire" in found and all(
        name.split(".")[0] in ("jumok", "torchvision") for name in found
    )
