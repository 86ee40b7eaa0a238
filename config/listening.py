"""Takes the address at which the server listens, or says in one line why it cannot."""

import errno
import socket
from contextlib import suppress

_WILDCARDS = ("0.0.0.0", "::", "")  # noqa: S104 - recognised here, chosen by who starts it


class CannotListen(Exception):  # noqa: N818 - a refusal by the machine
    """One line for the person who started it."""


def bind(host: str, port: int) -> socket.socket:
    """Returns a listening socket, so that nobody else can take the address. Raises CannotListen."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror:
        raise CannotListen(f"HOST {host} is not an address of this machine.") from None
    taken = socket.socket(family, kind, protocol)
    # Without this, connections of a stopped server keep its port for a minute.
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind(address)
        # Listening takes the address for good, with or without SO_REUSEADDR.
        taken.listen(2048)
    except OSError as error:
        taken.close()
        raise CannotListen(_why(error, host, port)) from None
    return taken


def hosts_of(host: str) -> list[str]:
    """Returns the names under which browsers may reach a server that listens at `host`, sorted."""
    if host not in _WILDCARDS:
        return [f"[{host}]" if ":" in host else host]
    name = socket.gethostname()
    found = {name, socket.getfqdn()}
    with suppress(socket.gaierror):
        found |= {str(entry[4][0]) for entry in socket.getaddrinfo(name, None)}
    found |= _outward_addresses()
    return sorted(f"[{one}]" if ":" in one else one for one in found if one)


def address_to_show(host: str, port: int) -> str:
    """Returns the URL for a browser on this machine."""
    shown = "localhost" if host in _WILDCARDS else f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}"


def _outward_addresses() -> set[str]:
    # Connecting a datagram socket sends nothing. The system only chooses an address.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return set()
        return {str(probe.getsockname()[0])}


def _why(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} of {host} is taken. Set PORT to another one."
    if error.errno == errno.EACCES:
        return f"Port {port} may not be used by this user. Set PORT to one above 1023."
    if error.errno == errno.EADDRNOTAVAIL:
        return f"HOST {host} is not an address of this machine."
    return f"Cannot listen at {host} port {port}: {error.strerror}."
