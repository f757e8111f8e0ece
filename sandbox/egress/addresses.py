"""Which addresses a name may lead to: no registry's name may lead a build to this machine, its neighbours or a cloud's
metadata. Names are resolved here, once, and the address that was looked at is the one that is connected to.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Awaitable[tuple[str, ...]]]

# What nobody's own setting opens: there is no registry there.
NEVER = tuple(
    (ip_network(text), why)
    for text, why in (
        ("169.254.0.0/16", "a link-local address, where clouds keep their metadata"),
        ("fe80::/10", "a link-local address"),
        ("168.63.129.16/32", "a cloud's own service address"),
        ("100.100.100.200/32", "a cloud's metadata address"),
        ("fd00:ec2::/32", "a cloud's metadata address"),
        ("0.0.0.0/8", "no address of a host"),
        ("::/128", "no address of a host"),
        ("224.0.0.0/4", "a group's address"),
        ("255.255.255.255/32", "a broadcast address"),
        ("ff00::/8", "a group's address"),
    )
)
# IANA's special-purpose registries, without the ranges kept for documentation, where nothing is. The operator may
# have an index in these.
PRIVATE = tuple(
    ip_network(text)
    for text in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "127.0.0.0/8",
        "100.64.0.0/10",
        "192.0.0.0/24",
        "198.18.0.0/15",
        "240.0.0.0/4",
        "::1/128",
        "fc00::/7",
        "fec0::/10",
    )
)
NAT64 = ip_network("64:ff9b::/96")
LOCAL_NAT64 = ip_network("64:ff9b:1::/48")


async def resolved(host: str, port: int) -> tuple[str, ...]:
    """The addresses of a name, as this machine resolves it. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


def objection(text: str, own: bool) -> str:
    """Why a build may not connect to this address; "" when it may. `own`: the operator named the host."""
    address = ip_address(text.partition("%")[0])
    for inner in (address, *_embedded(address)):
        never = next((why for network, why in NEVER if inner in network), "")
        if never:
            return never
        if own:
            continue
        if any(inner in network for network in PRIVATE) or inner in LOCAL_NAT64:
            return "a private address"
        if _this_machines(inner):
            return "an address of the machine that FixBugs runs on"
    return ""


def _embedded(address: Address) -> tuple[IPv4Address, ...]:
    """The IPv4 addresses that an IPv6 address stands for, by whichever way of writing one into the other."""
    if isinstance(address, IPv4Address):
        return ()
    found = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    low = int(address) & 0xFFFFFFFF
    if address in NAT64 or (int(address) >> 32 == 0 and low > 1):  # the latter: "IPv4-compatible", long obsolete
        found.append(IPv4Address(low))
    return tuple(inner for inner in found if inner is not None)


def _this_machines(address: Address) -> bool:
    """Whether packets to it would stay here: the kernel then chooses it as their source too. Sends nothing."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect((str(address), 9))
        return bool(ip_address(probe.getsockname()[0].partition("%")[0]) == address)
    return False
