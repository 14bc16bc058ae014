"""Free ports of 127.0.0.1."""

import random
import socket
from collections.abc import Collection

HOST = "127.0.0.1"
# Below the range from which systems take the ports of outgoing connections; SeaweedFS also
# listens on each port + 10000.
RANGE = (12_000, 22_000)


def is_free(port: int) -> bool:
    """Whether nobody listens on the port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_ports(count: int, promised: Collection[int] = ()) -> list[int]:
    """Return ports that are free now, not promised, and that no outgoing connection is given."""
    while True:
        ports = some_ports(count)
        if not set(ports) & set(promised) and all(map(is_free, ports)):
            return ports


def some_ports(count: int) -> list[int]:
    """Return different ports, free or not."""
    return random.SystemRandom().sample(range(*RANGE), count)
