"""Serves metrics over HTTP: on loopback to anybody, elsewhere only to who knows a token."""

import hmac
import ipaddress
import re
import socket
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from socketserver import TCPServer, ThreadingMixIn
from threading import BoundedSemaphore, Lock, Thread
from typing import Any, Self
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from prometheus_client import CollectorRegistry, make_wsgi_app

from brimful.roots.base import Unusable

PATIENCE_S = 10.0
"""How long a client may take to send its request and to take the answer, all in all."""
AT_ONCE = 8
"""Clients that are answered at the same time; who comes then is turned away."""
SHORTEST_TOKEN = 16

_ADDRESS = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<host>[^\[\]:]*)):(?P<port>\d{1,5})", re.ASCII)

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def address(text: str) -> tuple[str, int]:
    """Return host and port of `127.0.0.1:9920` or `[::1]:9920`; `Unusable` for anything else, names included."""
    match = _ADDRESS.fullmatch(text)
    host = match and (match["six"] or match["host"])
    if match is None or not host or int(match["port"]) > 0xFFFF:  # noqa: PLR2004 - 16 bits
        raise Unusable(f"{text}: not an address and a port such as 127.0.0.1:9920 or [::1]:9920")
    try:
        return str(ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)), int(match["port"])
    except ValueError as error:
        raise Unusable(f"{text}: {host} is not an address (names are not looked up)") from error


def token(file: str) -> str:
    """Return the token that a file holds; `Unusable` where it cannot be read or is easily guessed."""
    try:
        found = Path(file).read_text(encoding="ascii").strip()
    except OSError as error:
        raise Unusable(f"{file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise Unusable(f"{file}: a token is of ASCII letters, digits and signs") from error
    if len(found) < SHORTEST_TOKEN or not found.isprintable() or " " in found:
        raise Unusable(f"{file}: a token is one word of {SHORTEST_TOKEN} characters or more")
    return found


class Server:
    """An HTTP server that answers `/metrics`, in threads of its own. `Unusable` when it may not or cannot listen."""

    def __init__(self, registry: CollectorRegistry, host: str, port: int, secret: str | None) -> None:
        if secret is None and not ipaddress.ip_address(host).is_loopback:
            raise Unusable(f"{host} can be reached from outside: it needs --token-file")
        app = make_wsgi_app(registry, disable_compression=True)
        try:
            self._http = _Server((host, port), _Handler)
        except OSError as error:
            raise Unusable(f"{host}:{port}: {error.strerror}") from error
        self._http.set_app(guarded(app, secret))
        self._thread = Thread(target=self._http.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        """Where it listens."""
        host, port = self._http.server_address[:2]
        return f"http://[{host!s}]:{port}/metrics" if ":" in str(host) else f"http://{host!s}:{port}/metrics"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()


def guarded(app: Application, secret: str | None) -> Application:
    """Let through only GET of `/metrics`, and only with `Authorization: Bearer` where there is a token (RFC 6750)."""
    wanted = f"Bearer {secret}".encode() if secret is not None else None

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        told = str(environ.get("HTTP_AUTHORIZATION", "")).encode("utf-8", "replace")
        if wanted is not None and not hmac.compare_digest(told, wanted):
            return _say(start, "401 Unauthorized", ("WWW-Authenticate", "Bearer"))
        if environ.get("REQUEST_METHOD") not in {"GET", "HEAD"}:
            return _say(start, "405 Method Not Allowed", ("Allow", "GET, HEAD"))
        if environ.get("PATH_INFO") != "/metrics":
            return _say(start, "404 Not Found")
        return app(environ, start)

    return answer


def _say(start: Callable[..., Any], status: str, *headers: tuple[str, str]) -> list[bytes]:
    start(status, [("Content-Type", "text/plain; charset=utf-8"), *headers])
    return [f"{status}\n".encode()]


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 2 * AT_ONCE  # with less, who comes at the same time waits a second for the next SYN

    def __init__(self, where: tuple[str, int], handler: type[WSGIRequestHandler]) -> None:
        self.address_family = socket.AF_INET6 if ":" in where[0] else socket.AF_INET
        self._places = BoundedSemaphore(AT_ONCE)
        self._came: dict[socket.socket, float] = {}
        self._at_it = Lock()
        super().__init__(where, handler)

    def server_bind(self) -> None:
        """Bind without looking the host's name up, as http.server would."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])
        self.setup_environ()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread of its own, if there are not too many."""
        if not self._places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        with self._at_it:
            self._came[request] = time.monotonic()
        try:
            super().process_request(request, client_address)
        except BaseException:  # no thread can be started
            self._places.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer, and make room for the next."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def service_actions(self) -> None:
        """Hang up on who takes too long; called twice a second. The thread that answers then ends by itself."""
        longest = time.monotonic() - PATIENCE_S
        with self._at_it:  # none of them is closed meanwhile, so that none is another's by now
            for request, came in self._came.items():
                if came < longest:
                    with suppress(OSError):  # the client was faster
                        request.shutdown(socket.SHUT_RDWR)

    def close_request(self, request: Any) -> None:
        """Close what was answered, or turned away."""
        with self._at_it:
            self._came.pop(request, None)
            super().close_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say in one line that a client went away or sent nonsense."""
        del request
        print(f"brimful: {client_address[0]}: {sys.exc_info()[1]}", file=sys.stderr)  # noqa: T201 - the server's log


class _Handler(WSGIRequestHandler):
    def address_string(self) -> str:
        """Return the client's address: names are not looked up."""
        return str(self.client_address[0])

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in http.server
        """Say nothing of requests."""
