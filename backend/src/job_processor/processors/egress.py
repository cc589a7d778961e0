"""Where an outgoing connection may lead: a name is resolved once, every address checked, and one of those used."""

import asyncio
import ipaddress
import socket
from typing import Final

from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

# Cloud metadata services that are not link-local.
_METADATA: Final = frozenset({"100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254"})
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")


class AddressRefused(OSError):
    """A name leads to an address that nothing may be sent to."""


def refused_because(address: str, *, allow_private: bool) -> str | None:
    """Why nothing may be sent to this IP address, or ``None``.

    Link-local and metadata addresses, multicast and the unspecified address are always refused. Loopback and
    private ones are refused unless ``allow_private``: an operator's own processors live there, a stranger's
    webhook has no business there.
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (_last_four(ip) if ip in _NAT64 else None)
        if inner is not None:
            return refused_because(str(inner), allow_private=allow_private)
    if ip.is_link_local or str(ip) in _METADATA:
        return "is link-local or a cloud's metadata service"
    if ip.is_unspecified or ip.is_multicast or ip == ipaddress.ip_address("255.255.255.255"):
        return "is not the address of one host"
    if not allow_private and not ip.is_global:
        return "is private"
    return None


def _last_four(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address:
    return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)


def parse_url(text: str, *, allow_private: bool) -> URL:
    """The address of an outgoing request.

    Raises ValueError, in words and without repeating the address, when it cannot be used.
    """
    if any(character <= " " or character == "\x7f" for character in text):
        raise ValueError("has white space or a control character in it")
    try:
        url = URL(text)
        port = url.port
    except ValueError:
        raise ValueError("is not a web address") from None
    if url.scheme not in ("http", "https") or not url.host or not port:
        raise ValueError("must begin with http:// or https:// and name a host")
    if url.user is not None or url.password is not None:
        raise ValueError("must not carry a user name or password")
    if _is_address(url.host):
        # A literal address never meets the resolver.
        reason = refused_because(url.host, allow_private=allow_private)
        if reason is not None:
            raise ValueError(f"leads to an address that {reason}")
    return url.with_fragment(None)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


class CheckedResolver(AbstractResolver):
    """Resolves through the system; the connection is made to one of the very addresses that were checked."""

    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Raises OSError for an unknown name, AddressRefused when any of its addresses is refused."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, family=family, flags=socket.AI_ADDRCONFIG)
        addresses: list[ResolveResult] = []
        for kind, _, protocol, _, sockaddr in found:
            address = str(sockaddr[0])
            reason = refused_because(address, allow_private=self._allow_private)
            if reason is not None:
                raise AddressRefused(f"{host} leads to an address that {reason}")
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
        """Nothing is held."""
