"""XML files whose elements know their lines. A DOCTYPE is refused: annotation files need none, attacks do."""

from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from jumok.data.faults import Fault, UnreadableFile
from jumok.data.reading import open_bytes, unreadable, why_unreadable


@dataclass
class Element:
    """An element with the line of its opening tag."""

    tag: str
    line: int
    text: str = ""
    children: list["Element"] = field(default_factory=list)

    def find(self, tag: str) -> "Element | None":
        """The first child with this tag."""
        return next((child for child in self.children if child.tag == tag), None)

    def find_text(self, tag: str) -> str | None:
        """The text of the first child with this tag, without white space around it; None when empty, too."""
        child = self.find(tag)
        return (child.text.strip() or None) if child else None


class Tree:
    """Builds elements while expat reads."""

    def __init__(self, parser: expat.XMLParserType) -> None:
        self.outside = Element("", 0)
        self._open = [self.outside]
        self._parser = parser
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.StartDoctypeDeclHandler = self._doctype

    def _start(self, tag: str, attributes: object) -> None:
        element = Element(tag, self._parser.CurrentLineNumber)
        self._open[-1].children.append(element)
        self._open.append(element)

    def _end(self, tag: str) -> None:
        self._open.pop()

    def _characters(self, text: str) -> None:
        self._open[-1].text += text

    def _doctype(self, name: str, system: object, public: object, internal: object) -> None:
        raise ValueError("a DOCTYPE is not allowed in annotation files")


def read_xml(path: Path) -> Element:
    """The outermost element of a file; raises UnreadableFile."""
    fault = why_unreadable(path)
    if fault:
        raise UnreadableFile(fault)
    parser = expat.ParserCreate()
    tree = Tree(parser)
    try:
        with open_bytes(path) as file:
            parser.Parse(file.read(), True)
    except OSError as error:
        raise UnreadableFile(unreadable(path, error)) from None
    except (expat.ExpatError, ValueError, RecursionError, LookupError) as error:
        line = error.lineno if isinstance(error, expat.ExpatError) else parser.CurrentLineNumber
        reason = expat.ErrorString(error.code) if isinstance(error, expat.ExpatError) else error
        remedy = "mend or write the file again"
        raise UnreadableFile(
            Fault(str(path), line, f"is not valid XML ({reason})", remedy, "bad_xml")
        ) from None
    return tree.outside.children[0]
