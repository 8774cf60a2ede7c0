import asyncio

import pytest

from bridge.agents.addresses import AddressRefused, is_public, public_address


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1"]
    + ["0.0.0.0", "224.0.0.1", "255.255.255.255", "240.0.0.1", "192.0.2.1"]
    + ["168.63.129.16", "::ffff:168.63.129.16", "192.0.0.8", "192.0.0.9", "192.0.0.170"]
    + [
        "fec0::1",
        "feff::1",
        "::",
        "::1",
        "fe80::1",
        "fc00::1",
        "fd00:ec2::254",
        "ff02::1",
        "2001:db8::1",
    ]
    + ["::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:7f00:1::"],
)
def test_an_address_that_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_an_address_that_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "::1", "169.254.169.254", "2130706433", "0x7f.1"]
)
def test_a_host_inside_is_refused_however_it_is_written(host: str) -> None:
    with pytest.raises(AddressRefused):
        asyncio.run(public_address(host, 80, False))


def test_it_can_be_allowed() -> None:
    assert asyncio.run(public_address("127.0.0.1", 80, True)) == "127.0.0.1"


def test_a_name_that_is_not_known_is_refused() -> None:
    with pytest.raises(AddressRefused, match="not known"):
        asyncio.run(public_address("no-such-host.invalid", 80, True))
