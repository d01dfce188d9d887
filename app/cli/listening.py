"""The server's socket, bound before anything is started, so that a taken port costs no waiting."""

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from app.cli.errors import CommandError

_BACKLOG = 2048


@contextmanager
def listen(host: str, port: int) -> Iterator[socket.socket]:
    """A listening socket.

    Args:
        host: A name or an address.
        port: 0 for one that the system picks.

    Raises:
        CommandError: The port is taken or needs privileges, or the host is not one of ours.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise CommandError(f"Cannot listen on HOST={host}: {error.strerror}.") from error
    with listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(address)
            # At once: two sockets may be bound to one port as long as neither listens.
            listener.listen(_BACKLOG)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise CommandError(_taken(host, port)) from error
            raise CommandError(
                f"Cannot listen on port {port} of {host}: {error.strerror}. Choose one with PORT=."
            ) from error
        yield listener


def _taken(host: str, port: int) -> str:
    holder = _listening_process(port)
    return (
        f"Port {port} of {host} is taken by {holder}: stop it, or choose another port, such as "
        f"PORT={port + 1 if port < 65535 else 0}."
    )


def _listening_process(port: int) -> str:
    try:
        import psutil
    except ImportError:
        return "another process"
    for process in psutil.process_iter():
        try:
            connections = process.net_connections(kind="tcp")
        except psutil.Error:
            continue  # not ours to look at
        for connection in connections:
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port:
                return f"`{process.name()}` (process {process.pid})"
    return "another process"
