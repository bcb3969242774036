"""The server: who may listen where, and who is answered."""

import http.client
import socket
import time
from contextlib import ExitStack, suppress
from threading import Thread

import pytest
from prometheus_client import CollectorRegistry, Gauge

from brimful.exporters import server as server_module
from brimful.exporters.server import AT_ONCE, Server, address, token
from brimful.roots.base import Unusable

SECRET = "0123456789abcdef"  # noqa: S105 - of the test
EVERYWHERE = "0.0.0.0"  # noqa: S104 - what the server refuses without a token


@pytest.fixture
def registry():
    made = CollectorRegistry()
    Gauge("brimful_test", "a test", registry=made).set(7)
    return made


def ask(url, path="/metrics", method="GET", **headers):
    host = url.removeprefix("http://").removesuffix("/metrics")
    connection = http.client.HTTPConnection(host, timeout=5)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, body


def test_on_loopback_anybody_is_answered(registry):
    with Server(registry, "127.0.0.1", 0, None) as server:
        status, body = ask(server.url)
        assert status == 200
        assert "brimful_test 7.0\n" in body
        assert ask(server.url, "/")[0] == 404
        assert ask(server.url, method="POST")[0] == 405


@pytest.mark.parametrize("host", [EVERYWHERE, "192.0.2.1", "::"])
def test_elsewhere_a_token_is_needed(registry, host):
    with pytest.raises(Unusable, match="--token-file"):
        Server(registry, host, 0, None)


def test_with_a_token_only_who_has_it_is_answered(registry):
    with Server(registry, EVERYWHERE, 0, SECRET) as server:
        url = server.url.replace(EVERYWHERE, "127.0.0.1")
        assert ask(url) == (401, "401 Unauthorized\n")
        assert ask(url, Authorization=f"Bearer {SECRET}x")[0] == 401
        assert ask(url, Authorization=SECRET)[0] == 401
        assert ask(url, Authorization=f"Bearer {SECRET}")[0] == 200


def test_who_says_nothing_does_not_keep_others_out(registry):
    with Server(registry, "127.0.0.1", 0, None) as server:
        port = int(server.url.rpartition(":")[2].partition("/")[0])
        silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(AT_ONCE - 1)]
        assert ask(server.url)[0] == 200
        for one in silent:
            one.close()


def port_of(server):
    return int(server.url.rpartition(":")[2].partition("/")[0])


def until(found, seconds):
    """Ask again until it is so, for so long."""
    end = time.monotonic() + seconds
    while not found() and time.monotonic() < end:
        time.sleep(0.05)
    return found()


def answered(server):
    try:
        return ask(server.url)[0] == 200
    except (OSError, http.client.HTTPException):  # turned away
        return False


def test_who_sends_a_byte_now_and_then_is_hung_up_on_as_one_who_says_nothing(registry, monkeypatch):
    monkeypatch.setattr(server_module, "PATIENCE_S", 1.5)
    with Server(registry, "127.0.0.1", 0, None) as server, ExitStack() as clients:
        where = ("127.0.0.1", port_of(server))
        slow = [clients.enter_context(socket.create_connection(where, timeout=5)) for _ in range(AT_ONCE)]
        assert not answered(server)

        def trickle():
            for one in slow:
                with suppress(OSError):
                    one.send(b"G")
            return answered(server)

        assert until(trickle, 8.0)


def test_who_does_not_take_the_answer_is_hung_up_on(registry, monkeypatch):
    monkeypatch.setattr(server_module, "PATIENCE_S", 1.5)
    for number in range(20):
        Gauge(f"brimful_long_{number}", "x" * 500_000, registry=registry)
    with Server(registry, "127.0.0.1", 0, None) as server, ExitStack() as clients:
        for _ in range(AT_ONCE):
            one = clients.enter_context(socket.socket())
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            one.connect(("127.0.0.1", port_of(server)))
            one.send(b"GET /metrics HTTP/1.0\r\n\r\n")
        assert not answered(server)
        assert until(lambda: answered(server), 8.0)


def test_a_thread_that_cannot_be_started_takes_no_place_away(registry, monkeypatch, capsys):
    with Server(registry, "127.0.0.1", 0, None) as server:
        start = Thread.start
        left = [AT_ONCE + 1]

        def refuse(thread):
            if left[0]:
                left[0] -= 1
                raise RuntimeError("can't start new thread")
            start(thread)

        monkeypatch.setattr(Thread, "start", refuse)
        assert [answered(server) for _ in range(AT_ONCE + 1)] == [False] * (AT_ONCE + 1)
        assert [answered(server) for _ in range(AT_ONCE + 1)] == [True] * (AT_ONCE + 1)
    assert capsys.readouterr().err.count("127.0.0.1: can't start new thread\n") == AT_ONCE + 1


def test_a_port_that_is_taken(registry):
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(Unusable, match="Address already in use"),
    ):
        Server(registry, "127.0.0.1", taken.getsockname()[1], None)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("127.0.0.1:9920", ("127.0.0.1", 9920)),
        ("[::1]:80", ("::1", 80)),
        ("localhost:1", ("127.0.0.1", 1)),
    ],
)
def test_addresses(text, found):
    assert address(text) == found


@pytest.mark.parametrize(
    "text", ["", "9920", ":9920", "127.0.0.1", "::1:80", "host.example:80", "127.0.0.1:65536", "1.2.3.4:x"]
)
def test_what_is_no_address(text):
    with pytest.raises(Unusable):
        address(text)


@pytest.mark.parametrize("content", [b"", b"short\n", b"two words of a token\n", "schlüssel-schlüssel".encode()])
def test_what_is_no_token(tmp_path, content):
    file = tmp_path / "token"
    file.write_bytes(content)
    with pytest.raises(Unusable, match="a token is"):
        token(str(file))


def test_a_token(tmp_path):
    (tmp_path / "token").write_text(f"{SECRET}\n")
    assert token(str(tmp_path / "token")) == SECRET
    with pytest.raises(Unusable, match="No such file"):
        token(str(tmp_path / "none"))
