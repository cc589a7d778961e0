"""How many connections and event streams there may be at once: as many as file descriptors allow, and never all of
them from one address.
"""

import contextlib
import ipaddress
import resource
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from starlette.requests import Request

MAX_CONNECTIONS = 20_000
MAX_STREAMS = 4_000
MAX_RESERVE = 2_048
"""Descriptors that are never given to clients: for the store, what goes out, and files."""
MAX_SPARE = 64
"""Connections beyond the cap that are told so; those beyond these are closed without a word."""


@dataclass(frozen=True, slots=True)
class Limits:
    connections: int = MAX_CONNECTIONS
    connections_per_address: int = MAX_CONNECTIONS // 2
    spare_connections: int = MAX_SPARE
    streams: int = MAX_STREAMS
    streams_per_address: int = MAX_STREAMS // 2
    behind_proxy: bool = False
    """All connections may then be one address', the proxy's; whose stream it is, the proxy says."""


def limits(descriptors: int, *, behind_proxy: bool) -> Limits:
    """What a process may serve that may open so many files; half of them at least stay in reserve, up to a bound.

    One address gets half of the places: no single one can take them all, and many people behind one router have enough.
    """
    reserve = min(MAX_RESERVE, descriptors // 2)
    connections = max(1, min(MAX_CONNECTIONS, descriptors - reserve))
    streams = max(1, min(MAX_STREAMS, connections // 2))
    return Limits(
        connections=connections,
        connections_per_address=connections if behind_proxy else max(1, connections // 2),
        spare_connections=min(MAX_SPARE, reserve // 4),
        streams=streams,
        streams_per_address=max(1, streams // 2),
        behind_proxy=behind_proxy,
    )


def raise_descriptors() -> int:
    """Raises the soft limit of open files to the hard one, where that is allowed. The limit that is then in force."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        soft = hard
    return MAX_CONNECTIONS + MAX_RESERVE if soft == resource.RLIM_INFINITY else soft


def group(address: str) -> str:
    """Whom an address stands for: of IPv6 the first half, as one customer has all addresses of the other."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))


class Places:
    """``total`` places, of which one address gets ``each``."""

    def __init__(self, total: int, each: int) -> None:
        self._total = total
        self._each = each
        self._taken: Counter[str] = Counter()
        self.taken = 0

    def take(self, address: str) -> bool:
        """Is there a place? It is then taken, until it is given back."""
        if self.taken >= self._total or self._taken[address] >= self._each:
            return False
        self.taken += 1
        self._taken[address] += 1
        return True

    def give_back(self, address: str) -> None:
        self.taken -= 1
        self._taken[address] -= 1
        if not self._taken[address]:
            del self._taken[address]

    @contextlib.contextmanager
    def held(self, address: str) -> Iterator[bool]:
        """Whether there was a place; it is given back at the end."""
        got = self.take(address)
        try:
            yield got
        finally:
            if got:
                self.give_back(address)


def address_of(request: Request, *, behind_proxy: bool) -> str:
    """Who asks. Behind a proxy: whom the proxy names last in X-Forwarded-For, for it adds at the end.

    What stands before that may be forged, and without the header it is the proxy itself.
    """
    if behind_proxy:
        forwarded = [value for name, value in request.scope["headers"] if name == b"x-forwarded-for"]
        named = forwarded[-1].rpartition(b",")[2].strip() if forwarded else b""
        if named:
            return group(bytes(named[:64]).decode("latin-1"))
    return "" if request.client is None else group(request.client.host)
