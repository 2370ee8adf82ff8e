"""Sources of text examples: parallel files, tables and pronouncing dictionaries."""

from jumok.data.lexicon import LexiconSource
from jumok.data.lines import LinesSource
from jumok.data.rows import Row, Source, clean
from jumok.data.table import TableSource

__all__ = ["LexiconSource", "LinesSource", "Row", "Source", "TableSource", "clean"]
