"""Recognizes encodings other than UTF-8 from some bytes."""

NATIONAL = {  # encodings with a name, and the letters by which they are known
    "euc_kr": ("CP949, as Korean Windows has it", "\uac00", "\ud7a3"),
    "shift_jis": ("Shift JIS", "\u3041", "\u30ff"),
    "gb2312": ("GBK", "\u4e00", "\u9fff"),
}
WIDE_ENCODINGS = {"utf-32-le": "UTF-32", "utf-32-be": "UTF-32", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16"}
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
UTF32_MARKS = (b"\xff\xfe\0\0", b"\0\0\xfe\xff")


def marked_form(begin: bytes) -> str | None:
    """UTF-16 or UTF-32, if bytes begin with the byte order mark of one of them."""
    return "UTF-32" if begin.startswith(UTF32_MARKS) else "UTF-16" if begin.startswith(UTF16_MARKS) else None


def wide_form(begin: bytes) -> str | None:
    """UTF-16 or UTF-32, if bytes are one of them, also without a byte order mark; other texts contain no NUL."""
    if marked_form(begin) or b"\0" not in begin:
        return marked_form(begin)
    for encoding, name in WIDE_ENCODINGS.items():
        whole = begin[: len(begin) // 4 * 4]
        try:
            text = whole.decode(encoding)
        except UnicodeDecodeError as error:
            if error.start < len(whole) - 4:  # not merely cut off at the end of the sample
                continue
            text = whole[: error.start].decode(encoding)
        ordinary = sum(character.isprintable() or character.isspace() for character in text)
        blanks = sum(text.count(mark) for mark in " \n\t,")
        familiar = blanks * 200 > len(text) or begin.count(0) * 3 > len(begin)
        if text and familiar and ordinary > 0.98 * len(text):
            return name
    return None


def likely_encoding(raw: bytes) -> str:
    """The likely encoding of a line that is not UTF-8."""
    for encoding, (name, low, high) in NATIONAL.items():
        try:
            foreign = [character for character in raw.decode(encoding) if not character.isascii()]
        except UnicodeDecodeError:
            continue
        if len(foreign) > 1 and sum(low <= character <= high for character in foreign) > 0.8 * len(foreign):
            return name
    return "Latin-1 or Windows-1252"
