"""The classes of a column while it is labelled: their order stays, and new ones come last."""

from collections.abc import Callable, Iterable


class SessionClasses:
    """Classes that an experiment names, then those that were found at first, then those that came later."""

    def __init__(self, given: Iterable[str] = ()) -> None:
        self.names: tuple[str, ...] = tuple(given)
        self._seen: object = None

    def see(self, content: object, found: Callable[[], Iterable[str]]) -> None:
        """Add the classes that occur in some content, unless it is that of the last time."""
        if content is not self._seen:
            self.names = tuple(dict.fromkeys((*self.names, *found())))
            self._seen = content

    def add(self, name: str) -> None:
        """Add a class that no example has yet."""
        self.names = tuple(dict.fromkeys((*self.names, name)))
