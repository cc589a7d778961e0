"""What the server that says anything sends is what it is meant to be."""

import zlib

from tests.processors.rogue import bomb


def test_the_bomb_is_a_whole_gzip_stream_of_200_mb() -> None:
    opener = zlib.decompressobj(zlib.MAX_WBITS | 16)
    size, rest = 0, bomb()
    while rest and not opener.eof:
        size += len(opener.decompress(rest, 10_000_000))
        rest = opener.unconsumed_tail
    assert (opener.eof, opener.unused_data, size) == (True, b"", 200_000_000)
