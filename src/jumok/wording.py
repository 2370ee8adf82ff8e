"""Numbers and articles in sentences for people: "1 class", "2,000 classes", "an image"."""

from collections.abc import Iterable

UNCOUNTED = frozenset({"series", "people"})  # words whose plural is the same
IRREGULAR = {"index": "indices"}
SIBILANTS = ("s", "x", "z", "ch", "sh")
VOWELS = tuple("aeiou")
CONSONANT_BEGINS = ("one", "uni", "use", "usu", "eu")  # written with a vowel, spoken without: "a unit"
SILENT_H = ("hour", "honest")


def plural(noun: str) -> str:
    """The plural of a noun, or of the last word of several: "training example" to "training examples"."""
    last = noun.rpartition(" ")[2]
    if last in UNCOUNTED:
        return noun
    if last in IRREGULAR:
        return f"{noun.removesuffix(last)}{IRREGULAR[last]}"
    if last.endswith(SIBILANTS):
        return f"{noun}es"
    if last.endswith("y") and not last[:-1].endswith(VOWELS):
        return f"{noun[:-1]}ies"
    return f"{noun}s"


def quantity(count: int, noun: str) -> str:
    """A number with its noun, which is given in the singular: "1 image", "2,000 images"."""
    return f"{count:,} {noun if count == 1 else plural(noun)}"


def verb(count: int, one: str, many: str) -> str:
    """The form of a verb for so many: "1 row is", "2 rows are".

    Args:
        count: How many.
        one: The form for one.
        many: The form for several.

    Returns:
        The form.
    """
    return one if count == 1 else many


def with_article(noun: str) -> str:
    """A noun after "a" or "an", as it is spoken."""
    word = noun.lower()
    spoken_vowel = word.startswith((*VOWELS, *SILENT_H)) and not word.startswith(CONSONANT_BEGINS)
    return f"{'an' if spoken_vowel else 'a'} {noun}"


def all_of(count: int, noun: str, one: str = "", many: str = "") -> str:
    """All things there are, with a verb: "all 3 rows are", "the only row is".

    Args:
        count: How many there are.
        noun: What, in the singular.
        one: The verb for one.
        many: The verb for several.

    Returns:
        The words.
    """
    said = f"the only {noun} {one}" if count == 1 else f"all {quantity(count, noun)} {many}"
    return said.rstrip()


def none_exists(count: int, noun: str, first: object) -> str:
    """That no file of a list is there: "none of the 3 images that it lists exists; the first should be a.png".

    Args:
        count: How many the list has.
        noun: What, in the singular.
        first: The first of them.

    Returns:
        The sentence.
    """
    if count == 1:
        return f"the only {noun} that it lists does not exist; it should be {first}"
    return f"none of the {quantity(count, noun)} that it lists exists; the first should be {first}"


def from_to(inputs: Iterable[str], outputs: Iterable[str]) -> str:
    """What is answered to what, by the names of inputs and outputs: "photo, note → cells"."""
    return f"{', '.join(inputs)} → {', '.join(outputs)}"
