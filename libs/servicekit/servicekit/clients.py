"""Who asks: the client's address, also behind proxies that we trust to tell it."""

import ipaddress
from collections.abc import Sequence

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def client_of(peer: str | None, forwarded: str | None, trusted: Sequence[Network]) -> str | None:
    """Return the address that a request comes from; None when only trusted proxies are known.

    ``peer`` is the other end of the connection and ``forwarded`` its X-Forwarded-For, to which
    each proxy adds at the right whom it heard. The last that is no proxy of ours is the client;
    what stands further left anybody may have written. A header of a peer that we do not trust
    counts for nothing.
    """
    for address in _heard(peer, forwarded):
        if address is None:
            return None
        if not any(address in network for network in trusted if network.version == address.version):
            return str(address)
    return None


def _heard(peer: str | None, forwarded: str | None) -> list[Address | None]:
    said = [one.strip() for one in (forwarded or "").split(",") if one.strip()]
    # No peer: a socket of this machine, which only its own proxy can reach.
    return [_read(one) for one in (peer or "127.0.0.1", *reversed(said[-20:]))]


def _read(text: str) -> Address | None:
    """Return an address, with or without a port; None for anything else."""
    host = text
    if text.startswith("["):
        host = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        host = text.partition(":")[0]
    try:
        found = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def networks(text: str) -> tuple[Network, ...]:
    """Read a comma list of networks; ``private`` stands for loopback and private ones.

    Raises ValueError at what is none.
    """
    found: list[Network] = []
    for part in (one.strip() for one in text.split(",")):
        named = _PRIVATE if part == "private" else ((part,) if part else ())
        found += [ipaddress.ip_network(one) for one in named]
    return tuple(found)


_PRIVATE = (
    "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16",
    "::1/128", "fc00::/7", "fe80::/10",
)  # fmt: skip
