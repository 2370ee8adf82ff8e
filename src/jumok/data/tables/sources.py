"""Where examples come from: parallel files, tables and pronouncing dictionaries."""

from jumok.data.row import Row
from jumok.data.tables.lexicon import LexiconSource
from jumok.data.tables.lines import LinesSource
from jumok.data.tables.rows import Source, clean
from jumok.data.tables.table import TableSource

__all__ = ["LexiconSource", "LinesSource", "Row", "Source", "TableSource", "clean"]
