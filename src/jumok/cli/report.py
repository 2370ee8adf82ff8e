"""`jumok report`."""

from jumok.cli.options import Run
from jumok.console import say, write_line
from jumok.runs.layout import require_run

EXAMPLE = "jumok report runs/translate"


def command(run: Run) -> None:
    """Write report.html of a finished run again: what was trained, curves, scores, examples, how to do it again."""
    require_run(run)
    from jumok.reporting.run import write_report

    write_line(str(write_report(run, say)))
    say(f"see what its model looks at: jumok look {run}")
