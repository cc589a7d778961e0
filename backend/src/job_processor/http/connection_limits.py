"""Limits on open connections and event streams: in total, from the limit of file descriptors, and per client
address."""

import contextlib
import functools
import ipaddress
import resource
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from starlette.requests import Request

from job_processor.core.proxies import Proxies

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
    proxies: Proxies = field(default_factory=Proxies)
    """Trusted proxies: their connections stand for many clients, and count in total only."""


def limits(descriptors: int, proxies: Proxies) -> Limits:
    """The limits for a process that may open ``descriptors`` files.

    Half of them are reserved, at most ``MAX_RESERVE``. One address gets half of the slots: none can take all, and many
    people behind one NAT have enough.
    """
    reserve = min(MAX_RESERVE, descriptors // 2)
    connections = max(1, min(MAX_CONNECTIONS, descriptors - reserve))
    streams = max(1, min(MAX_STREAMS, connections // 2))
    return Limits(
        connections=connections,
        connections_per_address=max(1, connections // 2),
        spare_connections=min(MAX_SPARE, reserve // 4),
        streams=streams,
        streams_per_address=max(1, streams // 2),
        proxies=proxies,
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

    def acquire(self, address: str, *, stands_for_many: bool = False) -> bool:
        """Take a slot if one is free. Returns whether it was taken. ``stands_for_many``: the total alone counts."""
        if self.in_use >= self._total or (self._by_address[address] >= self._each and not stands_for_many):
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


def client_address(request: Request) -> str:
    """The client's address as a key for limits. Behind a trusted proxy ``EdgeMiddleware`` has put it in the scope."""
    # Not by ``request.client``, which makes an object at each look.
    client = request.scope.get("client")
    return "" if client is None else address_group(client[0])
