"""Addresses of servers."""

import ipaddress
from urllib.parse import urlsplit

__all__ = ["is_loopback", "opens_here_only"]


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def opens_here_only(link: str) -> bool:
    """Whether ``link`` leads every machine to itself."""
    return is_loopback(urlsplit(link).hostname or "")
