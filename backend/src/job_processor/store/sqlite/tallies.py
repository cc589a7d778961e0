"""Writes what a commit adds to the series, as the last operation of its transaction (``series.py``)."""

from collections.abc import Mapping

import apsw
import msgspec

from job_processor.core.series import Tally
from job_processor.store.series_record import Stored, stored, tally_of

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Stored).decode


def load(blob: bytes) -> Tally:
    return tally_of(_decode(blob))


def dump(tally: Tally) -> bytes:
    return _encode(stored(tally))


def add_tallies(db: apsw.Connection, tallies: Mapping[tuple[int, str], Tally]) -> None:
    """``tallies``: by minute and flow."""
    for (at, flow), added in tallies.items():
        row = db.execute("SELECT tally FROM series_new WHERE at = ? AND flow = ?", (at, flow)).fetchone()
        whole = added
        if row is not None:
            whole = load(row[0])
            whole.add(added)
        db.execute("INSERT OR REPLACE INTO series_new (at, flow, tally) VALUES (?, ?, ?)", (at, flow, dump(whole)))
