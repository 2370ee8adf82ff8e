"""Clients that do harm: slow ones, half-open connections, giant bodies, bombs. Each says whether it was withstood."""

import asyncio
import base64
import json
import struct
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

SLOW, HALF_OPEN = 40, 80  # connections
GIANT = 50_000_000_000  # bytes that are announced
BOMB_SIDE = 50_000  # pixels of a bomb
DEPTH = 200_000  # brackets
REFUSALS = (400, 408, 413, 415, 429)


@dataclass(frozen=True)
class AttackTarget:
    """What is attacked."""

    host: str
    port: int
    path: str
    seconds: float


async def connect(target: AttackTarget) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection to the server."""
    return await asyncio.open_connection(target.host, target.port)


def head_of(target: AttackTarget, length: str) -> bytes:
    """The head of a request with a line that tells its length."""
    return (
        f"POST {target.path} HTTP/1.1\r\nhost: {target.host}:{target.port}\r\n"
        f"content-type: application/json\r\n{length}\r\n\r\n"
    ).encode()


async def status_of(reader: asyncio.StreamReader, seconds: float) -> int:
    """The status of a response; 0 if the connection ends without one."""
    try:
        async with asyncio.timeout(seconds):
            line = await reader.readline()
        return int(line.split()[1])
    except (OSError, IndexError, ValueError, TimeoutError):
        return 0


async def slow_clients(target: AttackTarget) -> bool:
    """Bodies of which a byte comes each half second: the server must give them up."""

    async def one() -> bool:
        reader, writer = await connect(target)
        writer.write(head_of(target, "content-length: 1000"))
        answer = asyncio.create_task(status_of(reader, target.seconds + 10))
        while not answer.done():
            try:
                writer.write(b" ")
                await writer.drain()
            except OSError:
                break
            await asyncio.sleep(0.5)
        return await answer in (0, *REFUSALS)

    return all(await asyncio.gather(*(one() for _ in range(SLOW))))


async def half_open(target: AttackTarget) -> bool:
    """Connections that ask nothing, or half a head: the server must close them."""

    async def one(data: bytes) -> bool:
        reader, writer = await connect(target)
        writer.write(data)
        try:
            async with asyncio.timeout(target.seconds + 10):
                await reader.read()  # until the server closes it
        except OSError:
            return True
        except TimeoutError:
            return False
        return True

    halves = (b"", b"POST /predict HTTP/1.1\r\nhost: ")
    return all(await asyncio.gather(*(one(halves[i % 2]) for i in range(HALF_OPEN))))


async def giant_bodies(target: AttackTarget) -> bool:
    """Bodies that are announced as, or become, larger than any memory."""

    async def announced() -> bool:
        reader, writer = await connect(target)
        writer.write(head_of(target, f"content-length: {GIANT}"))
        return await status_of(reader, target.seconds) in REFUSALS

    async def endless() -> bool:
        reader, writer = await connect(target)
        writer.write(head_of(target, "transfer-encoding: chunked"))
        answer = asyncio.create_task(status_of(reader, target.seconds))
        chunk = b"%x\r\n%b\r\n" % (1 << 20, b" " * (1 << 20))
        while not answer.done():
            try:
                writer.write(chunk)
                async with asyncio.timeout(target.seconds):  # a server may read no more of it
                    await writer.drain()
            except OSError:
                break
            await asyncio.sleep(0.01)
        return await answer in (0, *REFUSALS)

    return all(await asyncio.gather(announced(), announced(), endless(), endless()))


async def bombs(target: AttackTarget) -> bool:
    """Small bodies that become large where they are read: an image of billions of pixels, and deep JSON."""
    image = base64.b64encode(png_bomb()).decode()
    bodies = [
        json.dumps({"inputs": image}),
        json.dumps({"inputs": {"b64": image}}),
        '{"inputs":' + "[" * DEPTH,
    ]

    async def one(body: str) -> bool:
        reader, writer = await connect(target)
        data = body.encode()
        writer.write(head_of(target, f"content-length: {len(data)}") + data)
        status = await status_of(reader, target.seconds)
        return status in REFUSALS or status == 200  # a model of texts may read it as a text

    return all([await one(body) for body in bodies])


def png_bomb() -> bytes:
    """A valid PNG of BOMB_SIDE × BOMB_SIDE pixels, all black, in a few hundred kilobytes."""
    rows = zlib.compressobj(9)
    row = b"\0" * (1 + BOMB_SIDE // 8)
    data = b"".join(rows.compress(row) for _ in range(BOMB_SIDE)) + rows.flush()
    header = struct.pack(">IIBBBBB", BOMB_SIDE, BOMB_SIDE, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def chunk(name: bytes, data: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


ATTACKS: dict[str, Callable[[AttackTarget], Awaitable[bool]]] = {
    "slow clients": slow_clients,
    "half-open connections": half_open,
    "giant bodies": giant_bodies,
    "bombs": bombs,
}
