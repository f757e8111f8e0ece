"""A build's way to the package registries, and nowhere else: its container has no network, only one pipe to an
allow-list proxy here on the host.

Inside, `sandbox.inside.forwarder` listens on the container's loopback (`FORWARDER` is its program, `forwarder_argv`
starts it) and carries every connection over its own stdin and stdout. Here `Egress` decides what each may reach.
"""

from sandbox.egress.inside import FORWARDER, PROXY_ADDRESS, PROXY_PORT, forwarder_argv, proxied
from sandbox.egress.lines import Stream
from sandbox.egress.policy import Allowed, EgressLimits, Policy, Proxies, Proxy, allowed_hosts
from sandbox.egress.proxy import Egress, Reached

__all__ = [
    "FORWARDER",
    "PROXY_ADDRESS",
    "PROXY_PORT",
    "Allowed",
    "Egress",
    "EgressLimits",
    "Policy",
    "Proxies",
    "Proxy",
    "Reached",
    "Stream",
    "allowed_hosts",
    "forwarder_argv",
    "proxied",
]
