"""The proof: capacity, overload, attacks, a killed process, an orderly end; with the aims, met or not."""

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any

from jumok.serving.process import ModelSource, busy_processor_seconds
from jumok.serving.prove.attacks import ATTACKS, AttackTarget
from jumok.serving.prove.bodies import bodies_of
from jumok.serving.prove.load import NOT_ANSWERED, LoadPlan
from jumok.serving.prove.remarks import remarks_on
from jumok.serving.prove.step import LoadStep, step_of
from jumok.serving.prove.target import Load, ProvedServer

LOADS = (0.5, 1.0, 2.0, 5.0, 10.0)  # times the measured capacity
OVERLOAD = 16.0  # seconds of the largest load
SETTLING = 8.0  # of these, in which connections and what they hold grow; then memory must stay as it is
CLIENTS = 128  # of the closed loop that measures capacity: two batches
ALONE, SATURATED, STEP, ATTACK, KILL, END = 4.0, 6.0, 6.0, 12.0, 12.0, 3.0  # seconds
PAUSE = 0.5  # seconds between steps, in which queues run empty
GOODPUT, RECOVERY, SPEEDUP, SLOPE = 0.9, 5.0, 3.0, 0.5  # aims; the slope in megabytes a second


@dataclass(frozen=True)
class Aim:
    """A claim with what was measured."""

    what: str
    measured: float
    wanted: float
    is_most: bool = False  # measured should be at most, not at least, what is wanted

    @property
    def is_met(self) -> bool:
        """Whether it holds."""
        return self.measured <= self.wanted if self.is_most else self.measured >= self.wanted

    def to_json(self) -> dict[str, Any]:
        """The aim as JSON."""
        return {"aim": self.what, "measured": self.measured, "wanted": self.wanted, "met": self.is_met}


class ServingProof:
    """Measures one server."""

    def __init__(self, server: ProvedServer, load: Load, plan: LoadPlan, say: Callable[[str], None]) -> None:
        self.server, self.load, self.plan, self.say = server, load, plan, say
        self.memory: list[tuple[float, int, int]] = []  # when, of the server, of its model

    async def carry_out(self) -> dict[str, Any]:
        """All measurements, and the aims."""
        watching = asyncio.create_task(self.watch())
        self.say("one request at a time, then as many as it takes")
        alone = await self.closed(1, ALONE)
        capacity = await self.closed(CLIENTS, SATURATED)
        steps, settled = [], self.memory
        for load in LOADS:
            self.say(f"{load:g} times its capacity of {capacity:.0f} requests a second")
            began = monotonic()
            steps.append(await self.step(load, capacity, OVERLOAD if load == LOADS[-1] else STEP))
            settled = [one for one in self.memory if one[0] > began + SETTLING]
            await asyncio.sleep(PAUSE)
        self.say("slow clients, half-open connections, giant bodies and bombs")
        attacks = await self.attack(capacity)
        self.say("the process of the model is killed")
        recovery = await self.kill(capacity)
        self.say("the server is asked to end while requests come")
        ending = await self.end(capacity)
        watching.cancel()
        slopes = {
            "server": slope_of([(time, server) for time, server, _ in settled]),
            "model": slope_of([(time, model) for time, _, model in settled]),
        }
        lost = sum(step.lost for step in steps) + recovery["lost"] + ending["lost"]
        best = max(step.goodput for step in steps)
        aims = [
            Aim("goodput at 10x over the best", steps[-1].goodput / best if best else 0.0, GOODPUT),
            Aim("throughput of batches over one at a time", capacity / alone if alone else 0.0, SPEEDUP),
            Aim("seconds to recover from a killed process", recovery["seconds"], RECOVERY, is_most=True),
            Aim("accepted requests lost", lost, 0, is_most=True),
            Aim("memory of the server, MB a second at 10x", slopes["server"] / 1e6, SLOPE, is_most=True),
            Aim("attacks withstood", sum(attacks["withstood"].values()), len(attacks["withstood"])),
        ]
        return {
            "one_at_a_time": round(alone, 2),
            "capacity": round(capacity, 2),
            "steps": [step.to_json() for step in steps],
            "attacks": attacks,
            "killed": recovery,
            "ended": ending,
            "memory_slopes": {name: round(slope, 1) for name, slope in slopes.items()},
            "aims": [aim.to_json() for aim in aims],
            "remarks": remarks_on(steps, len(os.sched_getaffinity(0))),
        }

    async def watch(self) -> None:
        """Note the memory of the server, and of its model, which grows until the largest batch was computed."""
        while True:
            self.memory.append((monotonic(), *self.server.memories))
            await asyncio.sleep(0.5)

    async def closed(self, clients: int, seconds: float) -> float:
        """Answers a second to so many clients, each of which waits for its answer."""
        result = await self.load.send(replace(self.plan, clients=clients, seconds=seconds))
        answers: int = result["statuses"].get("200", 0)
        return answers / max(result["seconds"], 1e-3)

    async def step(self, load: float, capacity: float, seconds: float = STEP) -> LoadStep:
        """One load, open loop."""
        rate = max(load * capacity, 0.5)
        began, before = monotonic(), self.processors()
        result = await self.load.send(replace(self.plan, rate=rate, seconds=seconds))
        cores = cores_between(before, self.processors(), monotonic() - began)
        return step_of(load, rate, seconds, result, self.server.memory, cores)

    def processors(self) -> dict[str, float]:
        """The processor seconds that were used until now, by whom."""
        server, model = self.server.processors
        own = {"server": server, "model": model, "sender": self.load.processor}
        return {**own, "others": busy_processor_seconds() - sum(own.values())}

    async def attack(self, capacity: float) -> dict[str, Any]:
        """All attacks at once, while half the capacity is asked."""
        target = AttackTarget(self.plan.host, self.plan.port, self.plan.path, ATTACK)
        beside = asyncio.create_task(self.step(0.5, capacity, ATTACK))
        withstood = await asyncio.gather(*(attack(target) for attack in ATTACKS.values()))
        step = await beside
        return {"withstood": dict(zip(ATTACKS, withstood, strict=True)), "beside": step.to_json()}

    async def kill(self, capacity: float) -> dict[str, Any]:
        """Kill the process that computes while half the capacity is asked, and measure when answers come again."""
        plan = replace(self.plan, rate=max(0.5 * capacity, 0.5), seconds=KILL)
        sending = asyncio.create_task(self.load.send(plan))
        await asyncio.sleep(2.0)
        killed = monotonic()
        self.server.kill_worker()
        result = await sending
        later = [time - killed for time in result["answered"] if time > killed + 0.05]
        step = step_of(0.5, plan.rate, KILL, result, self.server.memory, {})
        return {"seconds": round(longest_gap(later), 3), "lost": step.lost, "step": step.to_json()}

    async def end(self, capacity: float) -> dict[str, Any]:
        """Send SIGTERM while half the capacity is asked; what was written before must be answered."""
        plan = replace(self.plan, rate=max(0.5 * capacity, 0.5), seconds=END)
        sending = asyncio.create_task(self.load.send(plan))
        await asyncio.sleep(END / 2)
        began = monotonic()
        status = await self.server.end()
        seconds, result = monotonic() - began, await sending
        lost = result["statuses"].get(str(NOT_ANSWERED), 0)
        return {"seconds": round(seconds, 3), "status": status, "lost": lost, "statuses": result["statuses"]}


def cores_between(
    before: Mapping[str, float], after: Mapping[str, float], seconds: float
) -> dict[str, float]:
    """The processors that each was on, in the mean.

    Args:
        before: Processor seconds, by whom, at the beginning.
        after: At the end.
        seconds: Between them.

    Returns:
        Processors.
    """
    return {name: round(max(after[name] - used, 0.0) / seconds, 3) for name, used in before.items()}


def longest_gap(times: Sequence[float]) -> float:
    """The longest time without an answer, from 0 on; the whole time where there is none."""
    ordered = [0.0, *sorted(times)]
    return max((after - before for before, after in zip(ordered, ordered[1:], strict=False)), default=KILL)


def slope_of(points: Sequence[tuple[float, int]]) -> float:
    """The slope of a line through points (least squares)."""
    if len(points) < 2:
        return 0.0
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread


async def prove_serving(
    source: ModelSource, options: Sequence[str], say: Callable[[str], None]
) -> dict[str, Any]:
    """Start a server of a model, and measure it.

    Args:
        source: The model.
        options: Options of `jumok serve`.
        say: Is told what is done.

    Returns:
        All measurements as JSON.
    """
    server = await ProvedServer.start(source, options)
    load = await Load.start()
    try:
        bodies = bodies_of(source, server.descriptions()[0])
        host, port = server.address
        plan = LoadPlan(host, port, f"/predict/{source.name}", bodies, seconds=1.0)
        return await ServingProof(server, load, plan, say).carry_out()
    finally:
        await load.end()
        await server.end()
