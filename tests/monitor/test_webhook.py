"""Webhooks, against a real server on the loopback."""

import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from tests.monitor.test_delivery import wait_for

from brimful.monitor.delivery import Delivery, Refused
from brimful.monitor.webhook import Webhook


class Server(HTTPServer):
    """Answers what it is told to answer."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.status = 204
        self.waits_s = 0.0
        self.taken = []
        self.url = f"http://127.0.0.1:{self.server_port}/hook?key=secret"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.taken.append((self.path, self.headers["Content-Type"], body))
        time.sleep(self.server.waits_s)
        self.send_response(self.server.status)
        if 300 <= self.server.status < 400:
            self.send_header("Location", "http://127.0.0.1:1/other")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    made = Server()
    thread = threading.Thread(target=made.serve_forever, args=(0.01,))
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


def test_json_is_posted(server):
    Webhook(server.url).send(b'{"kind": "done"}')
    assert server.taken == [("/hook?key=secret", "application/json", b'{"kind": "done"}')]


@pytest.mark.parametrize(
    ("status", "error"), [(500, OSError), (503, OSError), (429, OSError), (404, Refused), (302, Refused)]
)
def test_other_answers(server, status, error):
    server.status = status
    with pytest.raises(error, match=f"answered {status}"):
        Webhook(server.url).send(b"{}")
    assert len(server.taken) == 1  # no redirect was followed


def test_a_time_limit(server):
    server.waits_s = 0.5
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        Webhook(server.url, 0.1).send(b"{}")
    assert time.monotonic() - began < 0.45


def test_nobody_there_and_then_somebody(server):
    told = []
    server.status = 500
    delivery = Delivery(Webhook(server.url), told.append, retry_s=0.02)
    delivery.put(b"one")
    wait_for(lambda: told)
    server.status = 200
    wait_for(lambda: delivery.delivered == 1)
    delivery.close()
    assert told == [
        "webhook http://127.0.0.1: is gone: answered 500; what is told waits",
        "webhook http://127.0.0.1: is back",
    ]


@pytest.mark.parametrize(
    "url", ["ftp://h/x", "file:///etc/passwd", "http://", "//h/x", "h", "http://[x", "http://h/\u00fc", "http://h/a b"]
)
def test_what_is_no_url(url):
    with pytest.raises(ValueError, match=r"no URL of a webhook|Invalid IPv6"):
        Webhook(url)


def test_the_name_keeps_the_secret():
    assert Webhook("https://hooks.example/T0/secret?x=y").name == "webhook https://hooks.example"
