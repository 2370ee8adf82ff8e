"""What people open and show: the page of a run, and of several compared."""

from jumok.reporting.comparison import Comparison, Variant, write_comparison
from jumok.reporting.run import write_report

__all__ = ["Comparison", "Variant", "write_comparison", "write_report"]
