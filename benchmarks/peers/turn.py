"""One turn of one system: `python -m peers.turn JOB.json RESULT.json`, with `benchmarks/` as the working folder."""

import importlib
import json
import sys
from pathlib import Path

from peers.job import Job, peak_megabytes


def main() -> None:
    job = Job.read(Path(sys.argv[1]))
    system = importlib.import_module(f"peers.{job.system}")
    result = getattr(system, job.action)(job)
    result["peak_megabytes"] = peak_megabytes()
    Path(sys.argv[2]).write_text(json.dumps(result), encoding="utf-8")


if __name__ == "__main__":
    main()
