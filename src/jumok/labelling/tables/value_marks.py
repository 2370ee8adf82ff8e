"""Marks of a row: the answers that a page sends, cleaned."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jumok.data.tables.rows import clean
from jumok.errors import DataError, did_you_mean
from jumok.labelling.tables.answers import AnswerField


def answers_in(marks: Mapping[str, Any], answers: Sequence[AnswerField], place: Path) -> dict[str, str]:
    """The answers by name as texts of cells, "" where a cell becomes empty; those that are not named stay.

    Texts are as readers clean them: composed Unicode, without blanks at their ends.

    Args:
        marks: What a page sends.
        answers: The answers that there are.
        place: The table, for messages.

    Returns:
        The text of each answer that is named.

    Raises:
        DataError: One is unknown, or no text.
    """
    values = marks.get("values")
    if not isinstance(values, Mapping):
        raise DataError(f'{place}: marks of a row are {{"values": {{…}}}}; got {marks!r:.80}')
    known = {one.name: one for one in answers}
    texts = {}
    for name, value in values.items():
        if name not in known:
            raise DataError(f"{place}: has no answer {name!r}{did_you_mean(name, known)}")
        if isinstance(value, bool) or not isinstance(value, str | int | float | None):
            raise DataError(f"{place}: {name!r} must be a text or null; got {value!r:.80}")
        texts[name] = "" if value is None else clean(str(value).replace("\r\n", "\n").replace("\r", "\n"))
    return texts
