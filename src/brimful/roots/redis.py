"""A SONiC switch as its databases tell it: Redis, over a unix socket on the switch or over TCP from elsewhere.

SONiC keeps what its daemons know of the ASIC in databases of one Redis server, by number (sonic-swss-common
common/schema.h). What a request asks for is answered in the words of `sonic-db-dump`, so that a saved dump and a live
switch are read alike. Nothing is written, and no watermark is cleared.
"""

import time
from collections.abc import Iterator
from itertools import islice
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec

from brimful.evidence.moment import Moment
from brimful.evidence.origin import Blind
from brimful.roots.base import Document, Table, Unusable

REDIS = "redis"
"""The kind of this root."""
SCHEME = "redis:"
SOCKET = "/var/run/redis/redis.sock"
"""Where the server listens on a switch of one ASIC."""
PORT = 6379
PATIENCE_S = 5.0
AT_ONCE = 1000
"""Tables asked for in one go."""
MOST_KEYS = 200_000

INSTALL = "needs the redis client: pip install 'brimful[sonic]'"


class Database(msgspec.Struct, frozen=True):
    """One database: its number, and the keys that are of use; a switch has many more."""

    number: int
    keys: tuple[str, ...]


DATABASES = {
    "APPL_DB": Database(0, ("BUFFER_*",)),
    "COUNTERS_DB": Database(2, ("COUNTERS:oid:*", "COUNTERS:TIME_STAMP", "COUNTERS_*_MAP", "*_WATERMARKS:*")),
    "CONFIG_DB": Database(4, ("BUFFER_*", "FLEX_COUNTER_TABLE|*", "DEVICE_METADATA|*")),
}
REQUESTS = {f"sonic-db-dump -n {name} -y": database for name, database in DATABASES.items()}


class RedisRoot:
    """The databases of one Redis server, as they are when asked.

    `place` is `redis:/path/of.sock` or `redis://[:password@]host[:port]`; `redis:` alone is the socket of this switch.
    `Unusable` when the client is not installed or the server does not answer.
    """

    def __init__(self, place: str) -> None:
        self._open: dict[int, Any] = {}
        self._where, self.path = _where(place)
        self._local = "unix_socket_path" in self._where
        self._blind: dict[Blind, None] = {}
        self.kind = REDIS
        try:
            from redis import Redis, RedisError  # noqa: PLC0415 - an extra: most hosts are no switches
            from redis.backoff import NoBackoff  # noqa: PLC0415 - likewise
            from redis.retry import Retry  # noqa: PLC0415 - likewise
        except ImportError:
            raise Unusable(f"{self.path}: {INSTALL}") from None
        self._client: Any = Redis
        self._once = Retry(NoBackoff(), 0)
        self._error = RedisError
        try:
            host = self._database(DATABASES["CONFIG_DB"]).hgetall("DEVICE_METADATA|localhost")
        except (RedisError, OSError) as error:
            raise Unusable(f"{self.path}: {_said(error)}") from error
        self.name = str(host.get("hostname") or self.path)
        number = host.get("mac", "")
        self.identity = f"{self.name} {number}".strip() if host.get("hostname") else ""

    def _database(self, database: Database) -> Any:
        if database.number not in self._open:
            self._open[database.number] = self._client(
                **self._where,
                db=database.number,
                protocol=2,  # which servers before Redis 6 speak too
                retry=self._once,
                decode_responses=True,
                encoding_errors="replace",
                socket_timeout=PATIENCE_S,
                socket_connect_timeout=PATIENCE_S,
            )
        return self._open[database.number]

    def answers(self, request: str) -> bool:
        """Whether such a request can be answered at all."""
        return request in REQUESTS

    def documents(self, request: str) -> Iterator[Document]:
        """Yield what a database holds now."""
        if request not in REQUESTS:
            return
        at = Moment(time.time_ns(), "host", monotonic_ns=time.monotonic_ns() if self._local else None)
        try:
            tables = self._tables(REQUESTS[request])
        except (self._error, OSError) as error:
            self._blind.setdefault(Blind(f"{self.path} {request}", _said(error)))
            return
        # on one line: nobody will open it, and to look for lines takes most of the time
        yield Document(request, request, msgspec.json.encode(tables, order="sorted") + b"\n", at=at)

    def tables(self, request: str) -> Iterator[Table] | None:
        """Return None: everything is answered by documents."""

    def interfaces(self) -> tuple[tuple[int, str], ...]:
        """Return none: the ports of a switch are named in its tables."""
        return ()

    def blind(self) -> list[Blind]:
        """Return what could not be seen so far."""
        return list(self._blind)

    def _tables(self, database: Database) -> dict[str, dict[str, object]]:
        """Return all hashes of a database under the keys of use, in the shape of `sonic-db-dump`."""
        server = self._database(database)
        named = list(islice(self._keys(server, database), MOST_KEYS + 1))
        if len(named) > MOST_KEYS:
            self._blind.setdefault(Blind(self.path, f"holds more than {MOST_KEYS} keys: the rest was not read"))
            named.pop()
        found: dict[str, dict[str, object]] = {}
        for start in range(0, len(named), AT_ONCE):
            asked = named[start : start + AT_ONCE]
            pipe = server.pipeline(transaction=False)
            for key in asked:
                pipe.hgetall(key)
            # a key that holds no hash is answered with an error of its own, one that went away with nothing
            for key, value in zip(asked, pipe.execute(raise_on_error=False), strict=True):
                if isinstance(value, dict) and value:
                    found[key] = {"type": "hash", "value": value}
        return found

    @staticmethod
    def _keys(server: Any, database: Database) -> Iterator[str]:
        """Yield each key of use once; a scan may show one twice."""
        known: set[str] = set()
        for pattern in database.keys:
            for key in server.scan_iter(match=pattern, count=AT_ONCE):
                if key not in known:
                    known.add(key)
                    yield key


def is_redis(place: str) -> bool:
    """Whether what a person gave is a Redis server, not a path."""
    return place.startswith(SCHEME)


def _where(place: str) -> tuple[dict[str, Any], str]:
    """Return how to connect, and what may be shown of it; `Unusable` when it is no such place."""
    rest = place.removeprefix(SCHEME)
    if not rest.startswith("//"):
        path = rest or SOCKET
        return {"unix_socket_path": path}, f"{SCHEME}{path}"
    try:
        parts = urlsplit(place)
        host, port = parts.hostname, parts.port or PORT
    except ValueError as error:
        raise Unusable(f"redis: {error}") from error
    if not host or parts.path.strip("/"):
        raise Unusable("redis: expected redis:/path/of.sock or redis://host:port")
    where: dict[str, Any] = {"host": host, "port": port}
    if parts.password is not None:
        where |= {"username": unquote(parts.username or "") or None, "password": unquote(parts.password)}
    return where, f"{SCHEME}//{f'[{host}]' if ':' in host else host}:{port}"


def _said(error: Exception) -> str:
    """Return what went wrong, in one line."""
    return " ".join(str(error).split()) or type(error).__name__
