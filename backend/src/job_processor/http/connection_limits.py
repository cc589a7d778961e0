"""Limits on open connections and event streams: in total, from the limit of file descriptors, and per client
address."""

import contextlib
import functools
import ipaddress
import resource
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from starlette.requests import Request

MAX_CONNECTIONS = 20_000
MAX_STREAMS = 4_000
MAX_RESERVE = 2_048
"""Maximum number of file descriptors reserved for the store, outgoing connections and files."""
MAX_SPARE = 64
"""Connections above the limit that get a 503; any beyond these are closed without a response."""


@dataclass(frozen=True, slots=True)
class Limits:
    connections: int = MAX_CONNECTIONS
    connections_per_address: int = MAX_CONNECTIONS // 2
    spare_connections: int = MAX_SPARE
    streams: int = MAX_STREAMS
    streams_per_address: int = MAX_STREAMS // 2
    behind_proxy: bool = False
    """All connections come from the proxy's address; the client's address is in X-Forwarded-For."""


def limits(descriptors: int, *, behind_proxy: bool) -> Limits:
    """The limits for a process that may open ``descriptors`` files.

    Half of them are reserved, at most ``MAX_RESERVE``. One address gets half of the slots: none can take all, and many
    people behind one NAT have enough.
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
    """Raise the soft limit of open files to the hard limit, where allowed. Returns the limit now in force."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        soft = hard
    return MAX_CONNECTIONS + MAX_RESERVE if soft == resource.RLIM_INFINITY else soft


@functools.lru_cache(maxsize=4_096)
def address_group(address: str) -> str:
    """The key by which an address is limited: IPv6 by its /64 prefix, which one customer controls as a whole;
    IPv4-mapped IPv6 as the IPv4 address."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))


class Slots:
    """A counter with a limit in total and a limit ``each`` per address."""

    def __init__(self, total: int, each: int) -> None:
        self._total = total
        self._each = each
        self._by_address: Counter[str] = Counter()
        self.in_use = 0

    def acquire(self, address: str) -> bool:
        """Take a slot if one is free. Returns whether it was taken."""
        if self.in_use >= self._total or self._by_address[address] >= self._each:
            return False
        self.in_use += 1
        self._by_address[address] += 1
        return True

    def release(self, address: str) -> None:
        self.in_use -= 1
        self._by_address[address] -= 1
        if not self._by_address[address]:
            del self._by_address[address]

    @contextlib.contextmanager
    def held(self, address: str) -> Iterator[bool]:
        """Take a slot for the block, and release it at its end. Yields whether one was free."""
        got = self.acquire(address)
        try:
            yield got
        finally:
            if got:
                self.release(address)


def client_address(request: Request, *, behind_proxy: bool) -> str:
    """The client's address as a key for limits. Behind a proxy: the last entry of X-Forwarded-For, which the proxy
    appends; earlier entries may be forged. Without the header it is the proxy's own address."""
    if behind_proxy:
        forwarded = [value for name, value in request.scope["headers"] if name == b"x-forwarded-for"]
        named = forwarded[-1].rpartition(b",")[2].strip() if forwarded else b""
        if named:
            return address_group(bytes(named[:64]).decode("latin-1"))
    return "" if request.client is None else address_group(request.client.host)
