"""The server: who may listen where, and who is answered."""

import http.client
import socket

import pytest
from prometheus_client import CollectorRegistry, Gauge

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
