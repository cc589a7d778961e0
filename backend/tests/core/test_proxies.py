"""Whose address a request has behind trusted proxies, whatever its sender writes into X-Forwarded-For."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from job_processor.core.proxies import MAX_HOPS, Proxies, read

PEER = "10.0.0.1"
CLIENT = "203.0.113.7"
TRUSTED = "10.0.0.0/8, 192.0.2.9, 2001:db8:ffff::/48"


def proxies(text: str = TRUSTED) -> Proxies:
    networks, names, faults = read(text)
    assert faults == []
    return Proxies(networks, names)


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        ([], PEER),
        ([CLIENT], CLIENT),
        # The client wrote the rest itself.
        (["198.51.100.1, 203.0.113.7"], CLIENT),
        (["198.51.100.1", "203.0.113.7"], CLIENT),
        (["10.0.0.5, 203.0.113.7"], CLIENT),
        (["garbage, 203.0.113.7"], CLIENT),
        (["203.0.113.7", "garbage, 203.0.113.7"], CLIENT),
        # Several trusted hops.
        (["203.0.113.7, 10.0.0.2"], CLIENT),
        (["198.51.100.1, 203.0.113.7, 192.0.2.9, 10.9.9.9"], CLIENT),
        (["198.51.100.1, 203.0.113.7", "192.0.2.9", "10.9.9.9"], CLIENT),
        (["203.0.113.7, 2001:db8:ffff::1, 10.0.0.2"], CLIENT),
        # An address of the trusted networks that no proxy has is taken for one; then it is the first.
        (["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        # Forms with and without ports.
        (["203.0.113.7:4711"], CLIENT),
        (["203.0.113.7, 10.0.0.2:80"], CLIENT),
        (["2001:DB8::7"], "2001:db8::7"),
        (["[2001:db8::7]"], "2001:db8::7"),
        (["[2001:db8::7]:443"], "2001:db8::7"),
        (["::ffff:203.0.113.7"], CLIENT),
        (["203.0.113.7, ::ffff:10.0.0.2"], CLIENT),
        (["  203.0.113.7\t"], CLIENT),
        # What is no address says nothing: the last trusted hop is all that is known.
        (["203.0.113.7,"], PEER),
        ([""], PEER),
        ([","], PEER),
        (["unknown"], PEER),
        (["_hidden"], PEER),
        (["203.0.113.7, unknown, 10.0.0.2"], "10.0.0.2"),
        (["203.0.113"], PEER),
        (["203.0.113.007"], PEER),
        (["203.0.113.256"], PEER),
        (["0x7f.1"], PEER),
        (["2130706433"], PEER),
        (["203.0.113.7:"], PEER),
        (["203.0.113.7:port"], PEER),
        (["203.0.113.7:123456"], PEER),
        (["[203.0.113.7"], PEER),
        (["2001:db8::7]:443"], PEER),
        (["fe80::1%eth0"], PEER),
        (['"203.0.113.7"'], PEER),
        (["for=203.0.113.7"], PEER),
        (["203.0.113.7/32"], PEER),
        (["203.0.113.7 10.0.0.2"], PEER),
        (["203.0.113.7\x00"], PEER),
        (["٣.1.1.1".encode().decode("latin-1")], PEER),
        (["x" * 60_000], PEER),
        (["1" * 60_000], PEER),
        ([":" * 60_000], PEER),
    ],
)
def test_the_client_behind_trusted_proxies(forwarded: list[str], client: str) -> None:
    assert proxies().client(PEER, [one.encode("latin-1") for one in forwarded]) == client


@pytest.mark.parametrize("peer", [CLIENT, "11.0.0.1", "192.0.2.8", "2001:db8::1", "", "unix", "10.0.0.1.evil.example"])
def test_nobody_else_is_believed(peer: str) -> None:
    assert proxies().client(peer, [b"198.51.100.1"]) == peer
    assert Proxies().client(peer, [b"198.51.100.1"]) == peer


@pytest.mark.parametrize("peer", [PEER, "::ffff:10.0.0.1", "2001:db8:ffff:1::2"])
def test_a_trusted_peer_is_believed_in_every_form(peer: str) -> None:
    assert proxies().client(peer, [CLIENT.encode()]) == CLIENT


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        ([], "198.51.100.9"),
        (["203.0.113.7"], CLIENT),
        (["10.0.0.1, 203.0.113.7"], CLIENT),
        (["203.0.113.7, 10.0.0.1"], "10.0.0.1"),
        (["203.0.113.7, nonsense"], "198.51.100.9"),
    ],
)
def test_where_every_peer_is_the_proxy_only_its_own_entry_counts(forwarded: list[str], client: str) -> None:
    one = Proxies(every_peer=True)
    assert one.client("198.51.100.9", [entry.encode() for entry in forwarded]) == client
    assert one.trusts("198.51.100.9")


def test_a_name_is_trusted_for_the_addresses_that_it_has_now() -> None:
    one = proxies("Edge, 192.0.2.1")
    assert one.names == ("edge",)
    assert one.client(PEER, [CLIENT.encode()]) == PEER
    assert one.set_addresses("edge", [PEER, "2001:db8::1", "nonsense"])
    assert not one.set_addresses("edge", ["2001:db8::1", PEER])
    assert one.client(PEER, [CLIENT.encode()]) == one.client("2001:db8::1", [CLIENT.encode()]) == CLIENT
    assert one.set_addresses("edge", ["10.0.0.2"])
    assert one.client(PEER, [CLIENT.encode()]) == PEER
    assert one.client("10.0.0.2", [CLIENT.encode()]) == CLIENT


def test_a_long_header_is_read_in_part() -> None:
    hops = ", ".join(f"10.0.0.{n % 250}" for n in range(5_000))
    assert proxies().client(PEER, [f"203.0.113.7, {hops}".encode()]) == f"10.0.0.{(5_000 - MAX_HOPS) % 250}"


ADDRESSES = st.ip_addresses().map(str)


@given(st.lists(st.one_of(ADDRESSES, st.text(st.characters(max_codepoint=255), max_size=40))), ADDRESSES)
def test_what_a_client_writes_never_changes_what_it_is(written: list[str], client: str) -> None:
    """The trusted proxy appends the client's address to whatever there is."""
    one = proxies()
    if one.trusts(client):
        return
    header = [part.encode("latin-1") for part in [*written, client]]
    found = one.client(PEER, header)
    wanted = ipaddress.ip_address(client)
    mapped = wanted.ipv4_mapped if isinstance(wanted, ipaddress.IPv6Address) else None
    assert found == str(mapped or wanted)
    assert one.client(PEER, [b", ".join(header)]) == found


@pytest.mark.parametrize(
    ("text", "networks", "names"),
    [
        ("", [], []),
        (" , ,", [], []),
        ("10.0.0.5", ["10.0.0.5/32"], []),
        ("2001:db8::1, [2001:db8::2]", ["2001:db8::1/128", "2001:db8::2/128"], []),
        ("10.0.0.0/8,172.16.0.0/12,fc00::/7", ["10.0.0.0/8", "172.16.0.0/12", "fc00::/7"], []),
        ("frontend,proxy-1.example.com,my_proxy", [], ["frontend", "proxy-1.example.com", "my_proxy"]),
    ],
)
def test_what_can_be_trusted(text: str, networks: list[str], names: list[str]) -> None:
    found, named, faults = read(text)
    assert ([str(one) for one in found], named, faults) == (networks, names, [])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("*", "neither an address"),
        ("10.0.0.256", "neither an address"),
        ("10.0.0", "neither an address"),
        ("10.0.0.0/33", "neither an address"),
        ("http://proxy", "neither an address"),
        ("proxy:8080", "neither an address"),
        ("10.0.0.5:80", "neither an address"),
        ("a b", "neither an address"),
        ("-proxy", "neither an address"),
        ("10.0.0.5;10.0.0.6", "neither an address"),
        ("x" * 5_000, "neither an address"),
        ("0.0.0.0/0", "large part of the internet"),
        ("::/0", "large part of the internet"),
        ("128.0.0.0/1", "large part of the internet"),
        ("10.0.0.5/8", "write 10.0.0.5 or 10.0.0.0/8"),
        ("2001:db8::1/64", "write 2001:db8::1 or 2001:db8::/64"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_words(text: str, words: str) -> None:
    networks, names, [fault] = read(f"{text}, 10.1.1.1")
    assert words in fault
    assert len(fault) < 300
    assert ([str(one) for one in networks], names) == (["10.1.1.1/32"], [])
