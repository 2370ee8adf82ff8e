"""Changes of XML in which all that is not changed keeps its bytes."""

import re
from collections.abc import Mapping
from xml.sax.saxutils import quoteattr

from jumok.data.annotations.documents.located_xml import Element

ATTRIBUTE = re.compile(r"""(\s+)([^\s=/>"']+)(\s*=\s*)("[^"]*"|'[^']*')""")
START_TAG = re.compile(r"""<[^\s/>]+(?:[^>"']|"[^"]*"|'[^']*')*>""")
END_TAG = re.compile(rb"</[^>]*>")


def element_span(data: bytes, element: Element) -> tuple[int, int]:
    """Where an element begins and ends in the bytes of its text."""
    if element.end > element.start:
        closing = END_TAG.match(data, element.end)
        return element.start, closing.end() if closing else element.end
    return element.start, element.start + len(start_tag(data[element.start :].decode()).encode())


def start_tag(text: str) -> str:
    """The tag that a text begins with."""
    found = START_TAG.match(text)
    return found[0] if found else ""


def with_attributes(text: str, changes: Mapping[str, str | None], tag: str | None = None) -> str:
    """An element with other attributes, None to take one out, and perhaps another tag.

    Args:
        text: The element.
        changes: New values by name.
        tag: The new tag.

    Returns:
        The element; all else keeps its bytes.
    """
    opening = start_tag(text)
    seen: set[str] = set()

    def changed(found: re.Match[str]) -> str:
        name = found[2]
        seen.add(name)
        if name not in changes:
            return found[0]
        new = changes[name]
        return "" if new is None else f"{found[1]}{name}{found[3]}{quoteattr(new)}"

    made = ATTRIBUTE.sub(changed, opening)
    added = "".join(
        f" {name}={quoteattr(new)}" for name, new in changes.items() if name not in seen and new is not None
    )
    end = len(made.removesuffix(">").removesuffix("/").rstrip())
    made = made[:end] + added + made[end:]
    rest = text[len(opening) :]
    if tag is not None:
        made = re.sub(r"^<[^\s/>]+", lambda _: f"<{tag}", made)
        rest = re.sub(r"</[^\s/>]+(\s*)>$", lambda found: f"</{tag}{found[1]}>", rest)
    return made + rest


def opened(text: str, indent: str) -> str:
    """An element with a closing tag of its own, on a line with this indentation, if it had one tag only."""
    tag = start_tag(text)
    if not tag.endswith("/>") or text != tag:
        return text
    name = re.match(r"<([^\s/>]+)", tag)
    return f"{tag[:-2].rstrip()}>\n{indent}</{name[1] if name else ''}>"


def with_child(text: str, child: str, indent: str) -> str:
    """An element with one more child at its end, on a line of its own.

    Args:
        text: The element.
        child: The child, without the white space before it.
        indent: The indentation of the child.

    Returns:
        The element.
    """
    whole = opened(text, indent[:-2])
    closing = whole.rindex("</")
    before = whole[:closing].rstrip()
    gap = whole[len(before) : closing] or f"\n{indent[:-2]}"
    return f"{before}\n{indent}{child}{gap}{whole[closing:]}"
