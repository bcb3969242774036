"""A real Redis server on a unix socket, for tests: Debian's redis-tools hold its program under another name."""

import json
import os
import shutil
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import Redis

CAPTURES = Path(__file__).parent / "captures"
NUMBERS = {"APPL_DB": 0, "COUNTERS_DB": 2, "CONFIG_DB": 4}


def program():
    """Return the server's program; skip where there is none, and fail where there must be one."""
    found = shutil.which("redis-server") or shutil.which("redis-check-rdb")
    if found is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("no redis-server: apt-get install redis-tools")
    return found


@contextmanager
def serving(folder, *options):
    """Run a server without any file of its own, and end it."""
    path = folder / "redis.sock"
    command = ["redis-server", "--port", "0", "--unixsocket", str(path), "--save", "", "--dir", str(folder), *options]
    with subprocess.Popen(
        command, executable=program(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        try:
            until = time.monotonic() + 10
            while not path.exists():
                assert server.poll() is None
                assert time.monotonic() < until
                time.sleep(0.02)
            yield path
        finally:
            server.terminate()
            server.wait(10)


def database(path, name):
    return Redis(unix_socket_path=str(path), db=NUMBERS[name])


def fill(path, name, tables):
    """Put tables into a database, as SONiC keeps them."""
    with database(path, name) as server, server.pipeline() as pipe:
        for key, fields in tables.items():
            texts = {field: value for field, value in fields.items() if isinstance(value, str)}
            if texts:
                pipe.hset(key, mapping=texts)
        pipe.execute()


def captured(*parts):
    return json.loads(CAPTURES.joinpath(*parts).read_text())
