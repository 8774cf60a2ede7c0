"""Which addresses a document may make us talk to: none inside our own network."""

import asyncio
import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

# The first is Azure's own: WireServer answers there to machines (Microsoft, "What is IP address
# 168.63.129.16?"). Of the others Python's opinion has changed: site-local (RFC 3879), and what the
# IETF has set apart (RFC 6890, 2.1).
_INSIDE: Final = tuple(map(ip_network, ("168.63.129.16/32", "fec0::/10", "192.0.0.0/24")))
_NAT64: Final = IPv6Network("64:ff9b::/96")  # RFC 6052: an IPv4 address is in the last 32 bits


class AddressRefused(Exception):
    """In words for a note."""


async def public_address(host: str, port: int, private_allowed: bool) -> str:
    """The address of ``host`` to connect to. Raises AddressRefused where there is none, or where
    any of them is not public and that is not allowed."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise AddressRefused(f"the name {host} is not known") from None
    addresses = [str(each[4][0]).partition("%")[0] for each in found]
    if not addresses:
        raise AddressRefused(f"the name {host} is not known")
    if not private_allowed and not all(is_public(each) for each in addresses):
        mend = "OFFHOOK_LOOKUP_PRIVATE=true allows it"
        raise AddressRefused(f"{host} is an address inside a network; {mend}")
    return addresses[0]


def is_public(written: str) -> bool:
    address = _inner(ip_address(written))
    if any(address in each for each in _INSIDE):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _inner(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 address stands for."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else address)
