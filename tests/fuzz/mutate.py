"""Files as bad luck leaves them: cut off, overwritten, mixed up, in a wrong encoding."""

import random

MARKS = (
    *(b"", b"-", b"9" * 400, b"1e999", b"-1", b"0", b"null", b"true", b"NaN", b"{}", b"[]", b"[", b"}", b'"', b"'"),
    *(b"<", b">", b"&x;", b"\x00", b"\\ud800", b"\xff\xfe", b"\xef\xbb\xbf", b"\xc0\xaf", b"\xb0\xa1", b"\xe2\x80\xa8"),
    *(b"\n", b"\r", b"\t", b",", b";", b":", b"../", b"/", b"*", b"!!python/object:x ", b"&a [*a]", b"%s"),
)  # fmt: skip


def mutated(data: bytes, draw: random.Random) -> bytes:
    """The bytes with one to four faults."""
    for _ in range(draw.randint(1, 4)):
        data = draw.choice(FAULTS)(data, draw)
    return data


def cut(data: bytes, draw: random.Random) -> bytes:
    return data[: draw.randint(0, len(data))]


def without_a_piece(data: bytes, draw: random.Random) -> bytes:
    start = draw.randint(0, len(data))
    return data[:start] + data[start + draw.randint(1, 1 + len(data) // 4) :]


def flipped(data: bytes, draw: random.Random) -> bytes:
    if not data:
        return data
    at = draw.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << draw.randrange(8)]) + data[at + 1 :]


def marked(data: bytes, draw: random.Random) -> bytes:
    at = draw.randint(0, len(data))
    return data[:at] + draw.choice(MARKS) + data[at + draw.randint(0, 6) :]


def noisy(data: bytes, draw: random.Random) -> bytes:
    at = draw.randint(0, len(data))
    return data[:at] + draw.randbytes(draw.randint(1, 20)) + data[at:]


def repeated(data: bytes, draw: random.Random) -> bytes:
    start = draw.randint(0, len(data))
    return data + data[start : start + draw.randint(1, 200)] * draw.randint(1, 3)


def swapped(data: bytes, draw: random.Random) -> bytes:
    at = draw.randint(0, len(data))
    return data[at:] + data[:at]


def re_encoded(data: bytes, draw: random.Random) -> bytes:
    """As another program might have saved it."""
    return data.decode("utf-8", "replace").encode(
        draw.choice(("utf-16", "utf-16-le", "cp949", "latin-1")), "replace"
    )


FAULTS = (cut, without_a_piece, flipped, marked, marked, noisy, repeated, swapped, re_encoded)
