"""A row of somebody's data."""

from typing import NamedTuple

SPLIT_GROUP = "(group)"  # a column that some sources add: rows that have the same in it stay in one split


class Row(NamedTuple):
    """One example as texts, in the order of the columns of its source."""

    line: int  # 1-based, of the file as it is after decompression
    values: tuple[str, ...]
