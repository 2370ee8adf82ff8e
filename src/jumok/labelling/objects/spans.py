"""Where the objects of Pascal VOC's XML stand, found without building all elements: thousands of files are opened."""

import re
from typing import NamedTuple
from xml.parsers import expat

OPENING_TAG = re.compile(rb"<[^\s/>]+(?:[^>\"']|\"[^\"]*\"|'[^']*')*>")


class ObjectSpan(NamedTuple):
    """The bytes of an object, and its class."""

    start: int
    end: int
    name: str | None


class ObjectSpans:
    """The objects of an annotation; `is_voc` says whether it is one, and valid XML."""

    def __init__(self, data: bytes) -> None:
        self.found: list[ObjectSpan] = []
        self.is_voc = False
        self._data, self._depth, self._begun = data, 0, 0
        self._name: list[str] | None = None
        self._parser = expat.ParserCreate("utf-8")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.StartDoctypeDeclHandler = self._refuse
        try:
            self._parser.Parse(data, True)
        except (expat.ExpatError, ValueError):
            self.is_voc = False

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth == 2 and tag == "object":
            self._begun, self._name = self._parser.CurrentByteIndex, None
        elif self._depth == 3 and tag == "name" and self._name is None:
            self._name = []
            self._parser.CharacterDataHandler = self._characters

    def _characters(self, text: str) -> None:
        if self._depth == 3 and self._name is not None:
            self._name.append(text)

    def _end(self, tag: str) -> None:
        if self._depth == 3 and tag == "name":
            self._parser.CharacterDataHandler = None
        elif self._depth == 2 and tag == "object":
            name = "".join(self._name or ()).strip()
            self.found.append(
                ObjectSpan(self._begun, self._after(self._parser.CurrentByteIndex), name or None)
            )
            self._name = None
        elif self._depth == 1:
            self.is_voc = tag == "annotation" and self._data.startswith(b"</", self._parser.CurrentByteIndex)
        self._depth -= 1

    def _after(self, place: int) -> int:
        """Where an object ends whose end was met at a place: before its closing tag, if it has one."""
        if self._data.startswith(b"</object", place):
            return self._data.index(b">", place) + 1
        opening = OPENING_TAG.match(self._data, self._begun)
        return opening.end() if opening else place

    def _refuse(self, name: str, system: object, public: object, internal: object) -> None:
        raise ValueError("a DOCTYPE is not allowed in annotation files")
