"""Sends raw bytes to a server and reads the response: for requests that no well-behaved client sends."""

import asyncio
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RawReply:
    status: int
    head: bytes
    body: bytes


async def exchange(port: int, *parts: bytes, seconds: float = 20.0) -> bytes:
    """Send the parts, and read until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(seconds):
            for part in parts:
                writer.write(part)
                await writer.drain()
            return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


async def read_reply(reader: asyncio.StreamReader, *, head_only: bool = False, seconds: float = 20.0) -> RawReply:
    """One response of a connection that may stay open."""
    async with asyncio.timeout(seconds):
        head = await reader.readuntil(b"\r\n\r\n")
        length = 0
        for line in head.split(b"\r\n"):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        body = b"" if head_only else await reader.readexactly(length)
    return RawReply(int(head.split(b" ")[1]), head, body)
