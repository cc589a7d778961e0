"""E11: which addresses may be connected to, however they are written."""

import asyncio
import socket

import pytest

from job_processor.core.lane import Trouble
from job_processor.core.outcome import Accepted
from job_processor.outgoing.addresses import CheckedResolver, ForbiddenAddress, forbidden_because, parse_url
from job_processor.processors.webhook import WebhookOptions, WebhookProcessor
from tests.processors.given import dispatch, opened, surroundings
from tests.processors.meanings import closed_by
from tests.processors.rogue import Rogue, answer


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1",
        "fe80::1%eth0",
        "fd00:ec2::254",
        "100.100.100.200",
        "168.63.129.16",
        "0.0.0.0",
        "::",
        "224.0.0.1",
        "ff02::1",
        "255.255.255.255",
        "::169.254.169.254",
        "::ffff:0:169.254.169.254",
    ],
)
def test_addresses_that_nobody_may_be_sent_to(address: str) -> None:
    assert forbidden_because(address, allow_private=True)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "192.168.1.1", "172.16.0.1", "100.64.0.1", "::1", "fd12::1", "::ffff:10.0.0.1"),
        *("::127.0.0.1", "::ffff:0:127.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b:1::a00:1", "fec0::1"),
    ],
)
def test_private_addresses_are_for_an_operators_own_processors(address: str) -> None:
    assert forbidden_because(address, allow_private=True) is None
    assert forbidden_because(address, allow_private=False)


def test_a_public_address_is_for_everybody() -> None:
    assert forbidden_because("93.184.216.34", allow_private=False) is None


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/",
        "file:///etc/passwd",
        "//example.com/",
        "example.com",
        "http://",
        "http://:80/",
        "http://user:pw@example.com/",
        "http://user@example.com/",
        "http://example.com/\r\nHost: other",
        "http://exa mple.com/",
        "http://example.com:99999/",
        "http://169.254.169.254/latest",
        "http://[::ffff:169.254.169.254]/",
        "",
        "http://a..example/",
        "http://.example/",
        f"http://{'a' * 64}.example/",
        f"http://{'.'.join(['a' * 60] * 5)}/",
        "http://xn--.example/",
        "http://*.example/",
        "http://a%2fb.example/",
        "http://2130706433/",
        "http://127.1/",
        "http://0177.0.0.1/",
        "http://0x7f000001/",
        "http://0x7f.1/",
        "http://127.0.0.1./",
        "http://127.000.000.001/",
    ],
)
def test_addresses_that_cannot_be_used(url: str) -> None:
    with pytest.raises(ValueError, match=r"must|contains|is|leads"):
        parse_url(url, allow_private=True)


async def resolved(*addresses: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    async def getaddrinfo(*_args: object, **_named: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, 443)) for a in addresses]

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "getaddrinfo", getaddrinfo)
    return [r["host"] for r in await CheckedResolver(allow_private=False).resolve("rebinding.example", 443)]


async def test_the_addresses_that_were_checked_are_the_ones_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    assert await resolved("93.184.216.34", "1.1.1.1", monkeypatch=monkeypatch) == ["93.184.216.34", "1.1.1.1"]


async def test_one_refused_address_refuses_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ForbiddenAddress, match="metadata"):
        await resolved("93.184.216.34", "169.254.169.254", monkeypatch=monkeypatch)


@pytest.mark.parametrize("spelling", ["0xA9FEA9FE", "2852039166", "0251.0376.0251.0376"])
async def test_an_address_in_disguise_is_seen_through(spelling: str) -> None:
    with pytest.raises(ForbiddenAddress):
        await CheckedResolver(allow_private=True).resolve(spelling, 80)


async def test_a_short_loopback_is_loopback() -> None:
    assert [r["host"] for r in await CheckedResolver(allow_private=True).resolve("127.1", 80)] == ["127.0.0.1"]
    with pytest.raises(ForbiddenAddress, match="private"):
        await CheckedResolver(allow_private=False).resolve("127.1", 80)


async def test_a_name_that_changes_its_mind_is_asked_once_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS rebinding: harmless when it is checked, a metadata service when it is used. Only one look-up there is."""
    loop = asyncio.get_running_loop()
    answers = ["127.0.0.1", "169.254.169.254"]
    asked: list[str] = []

    async def getaddrinfo(host: str, port: int, **_named: object) -> list[object]:
        address = host
        if host == "rebinding.example":
            asked.append(host)
            address = answers.pop(0)
        # uvloop asks for an address too when it connects to one.
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    async with Rogue(answer(200)).serve() as rogue:
        options = WebhookOptions(url=f"http://rebinding.example:{rogue.port}/")
        async with (
            opened(WebhookProcessor(options, surroundings())) as processor,
            opened(WebhookProcessor(options, surroundings())) as another,
        ):
            monkeypatch.setattr(loop, "getaddrinfo", getaddrinfo)
            assert isinstance(await processor.run(dispatch()), Accepted)
            assert (len(rogue.requests), asked) == (1, ["rebinding.example"])
            refused = closed_by(await another.run(dispatch()))
            assert "metadata" in refused.detail
            assert refused.trouble is Trouble.MISCONFIGURED
            assert (len(rogue.requests), len(asked)) == (1, 2)


@pytest.mark.parametrize("name", ["a..example", "a" * 64])
async def test_a_name_that_cannot_be_encoded_is_an_unknown_name(name: str) -> None:
    with pytest.raises(OSError, match="not valid"):
        await CheckedResolver(allow_private=True).resolve(name, 80)


@pytest.mark.parametrize(
    "url",
    ["http://example.com./", "http://my_host:5678/a?b", "http://localhost/", "http://[2606:4700::1]/", "http://1a/"],
)
def test_names_and_addresses_of_every_kind_can_be_used(url: str) -> None:
    assert str(parse_url(url, allow_private=False)) == url
