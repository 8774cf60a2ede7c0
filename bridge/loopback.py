"""Is a host this machine?"""

import ipaddress


def is_loopback(host: str) -> bool:
    """True for localhost and for addresses that never leave the machine."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
