"""Reports: the page of a run, and the page of a comparison."""

from typing import TYPE_CHECKING

from jumok.deferred import lazy_names

if TYPE_CHECKING:
    from jumok.reporting.comparison import Comparison, Variant, write_comparison
    from jumok.reporting.run import write_report

__all__ = ["Comparison", "Variant", "write_comparison", "write_report"]

if not TYPE_CHECKING:  # type checkers see the names above only
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "Comparison": "jumok.reporting.comparison",
            "Variant": "jumok.reporting.comparison",
            "write_comparison": "jumok.reporting.comparison",
            "write_report": "jumok.reporting.run",
        },
    )
