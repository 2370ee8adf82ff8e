"""XML files whose elements know their lines. A DOCTYPE is refused: annotation files need none, attacks do."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from jumok.data.tables.encodings import UTF16_MARKS
from jumok.data.tables.faults import UnreadableFile, fail
from jumok.data.tables.open_text import BYTE_ORDER_MARK, open_bytes, read_fault, unreadable

DECLARED = re.compile(rb"\s*<\?xml[^>]*?encoding\s*=\s*[\"']([^\"']+)[\"']")
WIDER = {  # what tools of Windows write under these names holds more characters than the names allow
    **{"gb2312": "gb18030", "gbk": "gb18030", "euc-kr": "cp949", "ks-c-5601-1987": "cp949"},
    **{"shift-jis": "cp932", "x-sjis": "cp932", "us-ascii": "utf-8", "ascii": "utf-8"},
}


@dataclass(slots=True)
class Element:
    """An element with the line of its opening tag."""

    tag: str
    line: int
    text: str = ""
    children: list["Element"] = field(default_factory=list)
    attributes: dict[str, str] = field(default_factory=dict)
    start: int = 0  # bytes of the text in UTF-8 before its opening tag
    end: int = 0  # before its closing tag, if it has one

    def find(self, tag: str) -> "Element | None":
        """The first child with this tag."""
        return next((child for child in self.children if child.tag == tag), None)

    def find_text(self, tag: str) -> str | None:
        """The stripped text of the first child with this tag; None if it is missing or empty."""
        child = self.find(tag)
        return (child.text.strip() or None) if child else None


class Tree:
    """Builds elements from the events of expat."""

    def __init__(self, parser: expat.XMLParserType) -> None:
        self.outside = Element("", 0)
        self._open = [self.outside]
        self._parser = parser
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.StartDoctypeDeclHandler = self._doctype

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        start = self._parser.CurrentByteIndex
        element = Element(tag, self._parser.CurrentLineNumber, attributes=attributes, start=start)
        self._open[-1].children.append(element)
        self._open.append(element)

    def _end(self, tag: str) -> None:
        self._open.pop().end = self._parser.CurrentByteIndex

    def _characters(self, text: str) -> None:
        self._open[-1].text += text

    def _doctype(self, name: str, system: object, public: object, internal: object) -> None:
        raise ValueError("a DOCTYPE is not allowed in annotation files")


def read_xml(path: Path) -> Element:
    """The outermost element of a file; raises UnreadableFile."""
    fault = read_fault(path)
    if fault and not is_utf16(path):
        raise UnreadableFile(fault)
    try:
        with open_bytes(path) as file:
            data = file.read()
    except OSError as error:
        raise UnreadableFile(unreadable(path, error)) from None
    return parse_xml(path, xml_text(path, data))


def parse_xml(path: Path, text: str) -> Element:
    """The outermost element of a text; raises UnreadableFile."""
    parser = expat.ParserCreate("utf-8")  # whatever the file declares: it is decoded before
    tree = Tree(parser)
    try:
        parser.Parse(text.encode(), True)
    except (expat.ExpatError, ValueError, RecursionError) as error:
        line = error.lineno if isinstance(error, expat.ExpatError) else parser.CurrentLineNumber
        reason = expat.ErrorString(error.code) if isinstance(error, expat.ExpatError) else error
        raise fail(path, line, f"is not valid XML ({reason})", remedy_for(str(reason)), "bad_xml") from None
    return tree.outside.children[0]


def is_utf16(path: Path) -> bool:
    """Whether a file begins like UTF-16, which XML may be."""
    try:
        with open_bytes(path) as file:
            return file.read(2) in UTF16_MARKS
    except (OSError, EOFError, ValueError):
        return False


def xml_encoding(data: bytes) -> tuple[str, str]:
    """The encoding that a file declares, and the one that it is read in."""
    if data[:2] in UTF16_MARKS:
        return "utf-16", "utf-16"
    found = DECLARED.match(data[:300].removeprefix(BYTE_ORDER_MARK))
    declared = found[1].decode("ascii", "replace").lower() if found else "utf-8"
    return declared, WIDER.get(declared.replace("_", "-"), declared)


def xml_text(path: Path, data: bytes) -> str:
    """The text of a file in the encoding that it declares; raises UnreadableFile."""
    declared, encoding = xml_encoding(data)
    try:
        return data.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        problem = f"is not valid {declared.upper()} (byte 0x{data[error.start]:02x})"
        remedy = f"save the file as {declared.upper()}, or declare the encoding that it has"
        raise fail(path, line, problem, remedy, "invalid_utf8") from None
    except (LookupError, UnicodeError):
        problem = f"is declared to be in {declared!r}, an encoding that is not known"
        remedy = "save the file as UTF-8"
        raise fail(path, 1, problem, remedy, "invalid_utf8") from None


def remedy_for(reason: str) -> str:
    """What to do about a file that is not XML."""
    if reason in ("not well-formed (invalid token)", "undefined entity"):
        return "write & as &amp; and < as &lt;, or write the file again"
    if "DOCTYPE" in reason:
        return "remove it"
    return "fix or write the file again"
