"""How long the threads of a step should spin while they wait for one another, alone and beside another busy process.

Prints training steps a second of a small Transformer block for several values of GOMP_SPINCOUNT, each in a process of
its own, and each over the default's ("unset"): first with the processor to itself, then while as many other processes
as `--beside` compute. `jumok` sets 2000 before it loads torch.

    python benchmarks/waiting.py
"""

import argparse
import os
import statistics
import subprocess
import sys

COUNTS = ("unset", "0", "500", "2000", "10000", "100000")
SECONDS, ROUNDS = 3.0, 3

STEPS = f"""
import time
import torch
torch.manual_seed(0)
block = torch.nn.TransformerEncoderLayer(192, 4, 768, 0.1, batch_first=True)
x = torch.randn(128, 12, 192)
def steps(seconds):
    start, done = time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        block(x).square().mean().backward()
        block.zero_grad()
        done += 1
    return done / (time.perf_counter() - start)
steps(0.5)
print(steps({SECONDS}))
"""
BUSY = "while True: sum(range(100000))"


def steps_a_second(count: str) -> float:
    environment = {name: value for name, value in os.environ.items() if name != "GOMP_SPINCOUNT"}
    if count != "unset":
        environment["GOMP_SPINCOUNT"] = count
    return float(subprocess.check_output([sys.executable, "-c", STEPS], env=environment))


def measure(beside: int) -> dict[str, float]:
    """Median steps a second for each count, taken by turns, beside so many busy processes."""
    others = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(beside)]
    try:
        found: dict[str, list[float]] = {count: [] for count in COUNTS}
        for _ in range(ROUNDS):
            for count, values in found.items():
                values.append(steps_a_second(count))
        return {count: statistics.median(values) for count, values in found.items()}
    finally:
        for other in others:
            other.kill()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--beside", type=int, default=1, help="other busy processes")
    beside = parser.parse_args().beside
    print("busy beside  GOMP_SPINCOUNT  steps/s  over unset")
    for others in (0, beside):
        found = measure(others)
        for count, value in found.items():
            print(f"{others:11}  {count:>14}  {value:7.1f}  {value / found['unset']:10.2f}")


if __name__ == "__main__":
    main()
