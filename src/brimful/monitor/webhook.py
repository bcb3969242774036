"""Posts what happened to a URL as JSON: over http or https, with a time limit, following no redirect."""

import http.client
from urllib.parse import urlsplit

import msgspec

from brimful.monitor.delivery import Refused

ACCEPTED, REDIRECTED, FAILED = 200, 300, 500
TOO_MANY = 429


class Webhook:
    """One URL. `ValueError` when it is not one of http or https with a host."""

    answers = True

    def __init__(self, url: str, timeout_s: float = 5.0) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"{url!r} is no URL of a webhook: http://host/path or https://host/path")
        if not url.isascii() or " " in url:
            raise ValueError(f"{url!r} is no URL of a webhook: what is no ASCII, and blanks, are written as %C3%BC")
        # not the whole URL: what follows the host is often a secret
        self.name = f"webhook {parts.scheme}://{parts.hostname}"
        self._https = parts.scheme == "https"
        self._host, self._port = parts.hostname, parts.port
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._timeout_s = timeout_s

    def send(self, message: bytes) -> None:
        """Post one JSON object; `OSError` when nobody answers or the server fails, `Refused` for any other answer."""
        kind = http.client.HTTPSConnection if self._https else http.client.HTTPConnection
        connection = kind(self._host, self._port, timeout=self._timeout_s)
        try:
            headers = {"Content-Type": "application/json", "User-Agent": "brimful"}
            connection.request("POST", self._path, message, headers)
            status = connection.getresponse().status
        except http.client.HTTPException as error:
            raise OSError(f"no proper answer: {error!r}") from error
        finally:
            connection.close()
        if status >= FAILED or status == TOO_MANY:
            raise OSError(f"answered {status}")
        if not ACCEPTED <= status < REDIRECTED:
            moved = ": redirects are not followed" if status < 400 else ""  # noqa: PLR2004 - RFC 9110, 15.4
            raise Refused(f"answered {status}{moved}; the message is lost")

    def lost(self, count: int) -> bytes:
        """Return the message that says how many were lost."""
        return msgspec.json.encode({"kind": "lost", "count": count, "text": f"{count} messages lost"})

    def close(self) -> None:
        """Nothing is kept open."""
