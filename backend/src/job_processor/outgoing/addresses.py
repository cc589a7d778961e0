"""Protection against server-side request forgery: which addresses may be connected to.

A name is resolved once, every address is checked, and the connection uses one of the checked addresses.
"""

import asyncio
import functools
import ipaddress
import re
import socket
from concurrent.futures import Executor
from typing import Final

from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

# Cloud metadata services with addresses that are not link-local.
_METADATA: Final = frozenset({"100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254"})
# IPv6 addresses whose last 32 bits are the IPv4 address that is reached: IPv4-compatible (RFC 4291, section 2.5.5.1),
# NAT64 (RFC 6052), IPv4-translated (RFC 2765).
_EMBEDDING: Final = tuple(map(ipaddress.ip_network, ("::/96", "64:ff9b::/96", "::ffff:0:0:0/96")))
_LOCAL: Final = tuple(map(ipaddress.ip_network, ("64:ff9b:1::/48", "fec0::/10")))
"""NAT64 of one network (RFC 8215) and site-local: ``is_global`` does not know them in every version of Python."""
_LABEL: Final = re.compile(r"[A-Za-z0-9_-]{1,63}")
_NUMBER: Final = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")
_LONGEST_NAME: Final = 253
_FLAGS: Final = socket.AI_ADDRCONFIG


class ForbiddenAddress(OSError):
    """A name resolves to a forbidden address."""


def forbidden_because(address: str, *, allow_private: bool) -> str | None:
    """Why connecting to this IP address is forbidden; ``None`` if it is allowed.

    Link-local, metadata, multicast and unspecified addresses are always forbidden. Loopback and private addresses are
    forbidden unless ``allow_private``: operators run their own processors there, but a client's webhook must not reach
    them.
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (_last_four(ip) if any(ip in one for one in _EMBEDDING) else None)
        if inner is not None and int(ip) > 1:
            return forbidden_because(str(inner), allow_private=allow_private)
    if ip.is_link_local or str(ip) in _METADATA:
        return "is link-local or a cloud's metadata service"
    if ip.is_unspecified or ip.is_multicast or ip == ipaddress.ip_address("255.255.255.255"):
        return "is not the address of one host"
    if not allow_private and (not ip.is_global or any(ip in one for one in _LOCAL)):
        return "is private"
    return None


def _last_four(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address:
    return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)


def parse_url(text: str, *, allow_private: bool) -> URL:
    """Parse and check the URL of an outgoing request; its fragment is removed.

    Raises ValueError with a message for people that does not repeat the URL.
    """
    if any(character <= " " or character == "\x7f" for character in text):
        raise ValueError("contains white space or a control character")
    try:
        url = URL(text)
        host, port = url.raw_host, url.port
        _ = url.host  # Raises for a name that cannot be decoded.
    except ValueError:
        raise ValueError("is not a web address") from None
    if url.scheme not in ("http", "https") or not host or not port:
        raise ValueError("must begin with http:// or https:// and name a host")
    if url.user is not None or url.password is not None:
        raise ValueError("must not carry a user name or password")
    if _is_address(host):
        # An IP address in the URL is not passed to the resolver.
        reason = forbidden_because(host, allow_private=allow_private)
        if reason is not None:
            raise ValueError(f"leads to an address that {reason}")
    else:
        _check_name(host)
    return url.with_fragment(None)


def _check_name(host: str) -> None:
    """Raises ValueError for what no resolver can look up, and for an IPv4 address in another notation: a name that ends
    in a number is none (https://url.spec.whatwg.org/#ends-in-a-number-checker)."""
    labels = host.removesuffix(".").split(".")
    if len(host) > _LONGEST_NAME or not all(map(_LABEL.fullmatch, labels)):
        raise ValueError("must name a host by a valid name or IP address")
    if _NUMBER.fullmatch(labels[-1]):
        raise ValueError("must have an IP address of four decimal numbers, like 192.0.2.1")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


class CheckedResolver(AbstractResolver):
    """A DNS resolver that checks the addresses, so that aiohttp connects only to checked ones.

    ``threads``: where the system's resolver is waited for, up to half a minute for a name whose servers do not answer;
    ``None``: in the threads that everything else in the process uses too.
    """

    def __init__(self, *, allow_private: bool, threads: Executor | None = None) -> None:
        self._allow_private = allow_private
        self._threads = threads

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Raises OSError for an unknown name, ForbiddenAddress if any of its addresses is forbidden."""
        loop = asyncio.get_running_loop()
        try:
            if self._threads is None:
                found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, family=family, flags=_FLAGS)
            else:
                ask = functools.partial(
                    socket.getaddrinfo, host, port, type=socket.SOCK_STREAM, family=family, flags=_FLAGS
                )
                found = await loop.run_in_executor(self._threads, ask)
        except UnicodeError:
            raise OSError("The name is not valid.") from None
        addresses: list[ResolveResult] = []
        for kind, _, protocol, _, sockaddr in found:
            address = str(sockaddr[0])
            reason = forbidden_because(address, allow_private=self._allow_private)
            if reason is not None:
                raise ForbiddenAddress(f"{host} leads to an address that {reason}")
            addresses.append(
                ResolveResult(
                    hostname=host,
                    host=address,
                    port=port,
                    family=kind,
                    proto=protocol,
                    flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
                )
            )
        return addresses

    async def close(self) -> None:
        """Nothing to close."""
