"""The text of a file, cut into the texts of images."""

from dataclasses import dataclass, field


@dataclass
class CutFile:
    """A text cut into those of images, with what stands between them."""

    gaps: list[str] = field(default_factory=lambda: [""])  # one more than texts
    texts: list[str] = field(default_factory=list)

    def joined(self, place: int, text: str) -> "CutFile":
        """The same with another text at a place; behind the last one it is new."""
        if place < len(self.texts):
            return CutFile(self.gaps, [*self.texts[:place], text, *self.texts[place + 1 :]])
        return CutFile(self.gaps, [*self.texts, text])

    @property
    def text(self) -> str:
        """The whole text."""
        pieces = [""] * (len(self.gaps) + len(self.texts))
        pieces[::2], pieces[1::2] = self.gaps, self.texts
        return "".join(pieces)

    def line_of(self, place: int) -> int:
        """The line in which a text begins."""
        pieces = (*self.gaps[: place + 1], *self.texts[:place])
        return 1 + sum(piece.count("\n") for piece in pieces)
