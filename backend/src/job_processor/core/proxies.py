"""Trusted reverse proxies (TRUSTED_PROXIES), and the client address of a request behind them."""

import functools
import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence

MAX_HOPS = 32
"""Maximum entries of X-Forwarded-For that are read, from the right, because a client can send a long header."""
MIN_PREFIX_LENGTHS = {4: 8, 6: 7}
"""The shortest allowed network prefix by IP version, that of the widest private network. A wider network would let
clients in it forge their address."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_NAME = re.compile(rf"(?=.*[A-Za-z_])(?!.*\.\d+\Z){_LABEL}(?:\.{_LABEL})*")
_ENTRY = re.compile(r"\[([0-9A-Fa-f:.]+)\](?::\d{1,5})?|([0-9.]+):\d{1,5}|([0-9A-Fa-f:.]+)")


class Proxies:
    """The trusted proxies: by ``networks``, and by host ``names``, whose addresses ``set_addresses`` sets.

    ``every_peer``: trust every connection, because only one proxy can connect.
    """

    def __init__(
        self, networks: Sequence[Network] = (), names: Sequence[str] = (), *, every_peer: bool = False
    ) -> None:
        self.names = tuple(names)
        self.every_peer = every_peer
        self._networks = tuple(networks)
        self._by_name: Mapping[str, frozenset[Address]] = {}

    def set_addresses(self, name: str, addresses: Iterable[str]) -> bool:
        """Set the resolved addresses of a host name. Returns whether they have changed."""
        found = frozenset(one for one in map(parse_address, addresses) if one is not None)
        changed = self._by_name.get(name, frozenset()) != found
        self._by_name = {**self._by_name, name: found}
        return changed

    def trusts(self, peer: str) -> bool:
        """Whether the peer address of a connection is that of a trusted proxy."""
        return self.every_peer or self._trusts(parse_address(peer))

    def client(self, peer: str, forwarded: Sequence[bytes]) -> str:
        """The address of the client behind a connection from ``peer``.

        ``forwarded``: the values of X-Forwarded-For. Each proxy appends the address of its own peer, so the entries are
        read from the right, as long as a trusted proxy has appended them. Entries further left can be forged.
        """
        if not forwarded or not self.trusts(peer):
            return peer
        entries = b",".join(forwarded).decode("latin-1").rsplit(",", MAX_HOPS)[-MAX_HOPS:]
        client = peer
        for entry in reversed(entries):
            found = _entry(entry.strip())
            if found is None:
                break
            client = str(found)
            if self.every_peer or not self._trusts(found):
                break
        return client

    def _trusts(self, address: Address | None) -> bool:
        if address is None:
            return False
        return any(address in network for network in self._networks) or any(
            address in known for known in self._by_name.values()
        )


def read(text: str) -> tuple[list[Network], list[str], list[str]]:
    """The networks, host names and errors of a comma-separated list."""
    networks: list[Network] = []
    names: list[str] = []
    faults: list[str] = []
    for part in (one.strip() for one in text.split(",")):
        if not part:
            continue
        network, fault = _network(part.removeprefix("[").removesuffix("]"))
        if network is not None:
            networks.append(network)
        elif fault:
            faults.append(fault)
        elif len(part) <= 253 and _NAME.fullmatch(part):
            names.append(part.lower())
        else:
            faults.append(
                f"{part[:60]!r} is neither an address, nor a network like 10.0.0.0/8, nor a host name; no scheme, port "
                "or `*`"
            )
    return networks, names, faults


def _network(part: str) -> tuple[Network | None, str]:
    """The network of an address or network, and an error. ``(None, "")``: the text is neither."""
    try:
        interface = ipaddress.ip_interface(part)
    except ValueError:
        return None, ""
    network = interface.network
    if network.prefixlen < MIN_PREFIX_LENGTHS[network.version]:
        return None, f"{part} is a large part of the internet; name the proxies, or a network of /8 or less"
    if interface.ip != network.network_address:
        return None, f"{part} is an address within a network; write {interface.ip} or {network}"
    return network, ""


@functools.lru_cache(maxsize=4_096)
def parse_address(text: str) -> Address | None:
    """The parsed address, with an IPv4-mapped IPv6 address as IPv4; ``None``: not an address."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _entry(text: str) -> Address | None:
    """The address of an entry of X-Forwarded-For, without its port; ``None``: not an address."""
    match = _ENTRY.fullmatch(text)
    return None if match is None else parse_address(match[1] or match[2] or match[3])
