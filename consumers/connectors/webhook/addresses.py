"""Which addresses a webhook may dial: only public ones, whatever the name resolved to. Guard against SSRF.

The address that is dialled is judged, not the name: a name may answer twice. Python's ``is_global`` alone is not
enough: it takes NAT64, 6to4 and multicast for public, and does not look inside mapped addresses.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

_DENIED: Final[tuple[IPv4Network | IPv6Network, ...]] = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4",
        "::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "3fff::/20", "5f00::/16", "fc00::/7",
        "fe80::/10", "fec0::/10", "ff00::/8",
    )
)  # fmt: skip
_NAT64: Final = IPv6Network("64:ff9b::/96")


def is_public(text: str) -> bool:
    """Tell whether an address literal, as the socket will dial it, is on the public Internet."""
    try:
        address = _inner(ip_address(text.partition("%")[0]))
    except ValueError:
        return False
    return address.is_global and not any(address in network for network in _DENIED)


def _inner(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Give the IPv4 address that an IPv6 one carries, if any: that is where the packets go."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None) or address


def is_private(text: str) -> bool:
    """Tell whether an address is loopback or private: what ``BUS_DESTINATIONS_PRIVEES`` lets through, nothing odder."""
    try:
        address = _inner(ip_address(text.partition("%")[0]))
    except ValueError:
        return False
    return address.is_loopback or (address.is_private and not address.is_link_local and not address.is_unspecified)
