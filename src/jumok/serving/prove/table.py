"""The proof as tables."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from jumok.console import new_table


def tables_of(proof: Mapping[str, Any]) -> list[Table]:
    """The loads, and the aims; cores are those of server, model, sender and everything else."""
    loads = new_table(
        f"one at a time {proof['one_at_a_time']:g} requests/s, capacity {proof['capacity']:g} requests/s",
        (
            "load",
            "offered/s",
            "goodput/s",
            "p50 ms",
            "p95 ms",
            "p99 ms",
            "shed",
            "failed",
            "lost",
            "memory MB",
            "cores",
        ),
    )
    named = [(f"{step['load']:g}x", step) for step in proof["steps"]]
    named += [("attacked", proof["attacks"]["beside"]), ("killed", proof["killed"]["step"])]
    for name, step in named:
        loads.add_row(
            *(name, f"{step['offered']:.0f}", f"{step['goodput']:.0f}"),
            *(f"{step[share]:.0f}" for share in ("p50", "p95", "p99")),
            *(f"{100 * step['shed']:.0f} %", str(step["failed"]), str(step["lost"])),
            f"{step['memory'] / 1e6:.0f}",
            " + ".join(f"{cores:.2f}" for cores in step["cores"].values()),
        )
    aims = new_table("aims", ("aim", "measured", "wanted", "met"), left=("aim", "met"))
    for one in proof["aims"]:
        aims.add_row(
            one["aim"], f"{one['measured']:.3g}", f"{one['wanted']:g}", "yes" if one["met"] else "no"
        )
    return [loads, aims]
