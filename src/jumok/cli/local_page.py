"""A page that this machine serves to itself alone: its address, its socket, the browser, and the end by Ctrl-C."""

import errno
import socket
import webbrowser
from collections.abc import Callable, Collection
from contextlib import suppress
from threading import Timer
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jumok.console import say
from jumok.errors import ConfigurationError, DataError

if TYPE_CHECKING:
    from jumok.web.guard import Guard

LOOPBACK = ("127.0.0.1", "localhost", "::1")
LocalHost = Annotated[str, typer.Option(metavar="HOST", help="127.0.0.1, ::1 or localhost.")]
OpenBrowser = Annotated[bool, typer.Option(help="Open the page in a browser, where there is one.")]


def port_option(usual: int) -> Any:
    """The option of the port of a page, with the usual one."""
    told = f"The port of the page; 0 takes any free one. By default {usual}, or a free one."
    return typer.Option(min=0, max=65535, help=told)


def require_loopback(host: str, port: int, to: str) -> None:
    """ConfigurationError for an address that other machines could ask at.

    Args:
        host: The address to listen at.
        port: The port, for the hint.
        to: What the user wants to do, like "look".
    """
    if host not in LOOPBACK:
        raise ConfigurationError(
            f"--host must be of this machine alone ({', '.join(LOOPBACK)}); got {host}. To {to} from another "
            f"machine, forward the port from there: ssh -L {port}:127.0.0.1:{port} THIS_MACHINE"
        )


def serve_locally(
    make: "Callable[[Collection[str]], Guard]", bound: socket.socket, what: str, browser: bool
) -> None:
    """Serve an application until Ctrl-C.

    Args:
        make: Makes the application for the hosts that it answers to.
        bound: The socket.
        what: What is done there, like "looking at run".
        browser: Whether to open a browser.
    """
    with bound:  # closed whatever happens, also where uvicorn is missing
        import uvicorn

        host, number = bound.getsockname()[:2]
        shown = f"http://{'[::1]' if host == '::1' else host}:{number}/"
        hosts = {f"{name}:{number}" for name in ("127.0.0.1", "localhost", "[::1]")}
        config = uvicorn.Config(
            make(hosts),
            log_level="warning",
            access_log=False,
            server_header=False,
            ws="none",
            timeout_graceful_shutdown=1,
        )
        say(f"{what}: {shown} (Ctrl-C ends)")
        opening = Timer(0.5, open_browser, (shown,))
        opening.daemon = True
        if browser:
            opening.start()
        with suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[bound])
        opening.cancel()


def bind_socket(host: str, port: int | None, usual: int) -> socket.socket:
    """A socket at a port of this machine; without a port, at the usual one or, if that is taken, at any free one.

    Args:
        host: The address.
        port: The port that was asked for.
        usual: The port where none was.

    Returns:
        The socket, which listens.

    Raises:
        DataError: The port cannot be used.
    """
    family = socket.AF_INET6 if host == "::1" else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, usual if port is None else port))
    except OSError as error:
        if port is not None or error.errno != errno.EADDRINUSE:
            bound.close()
            raise DataError(
                f"port {usual if port is None else port} of {host} cannot be used ({error.strerror}); "
                "--port 0 takes any free one"
            ) from None
        bound.bind((host, 0))
    bound.listen()
    return bound


def open_browser(address: str) -> None:
    """Open an address in the browser, if there is one."""
    with suppress(webbrowser.Error, OSError):
        webbrowser.open(address)
