"""`brimful metrics`: what is known as numbers, for Prometheus."""

import signal
import time
from threading import Event
from typing import TYPE_CHECKING

import click

from brimful.cli.live import live_roots
from brimful.cli.options import Duration, refuse
from brimful.roots.base import Unusable

if TYPE_CHECKING:
    from brimful.roots.live import LiveRoot

FASTEST_S = 0.1


@click.command(name="metrics")
@click.option(
    "--for", "seconds", type=Duration(), default="1s", show_default=True, help="Time between the two sweeps to print."
)
@click.option(
    "--prometheus", "address", metavar="ADDRESS:PORT", help="Serve them at http://ADDRESS:PORT/metrics instead."
)
@click.option(
    "--token-file",
    metavar="FILE",
    help="Answer only who sends the token in this file; needed where ADDRESS is not loopback.",
)
@click.option("--every", type=Duration(), default="1s", show_default=True, help="How often to read while serving.")
@click.option(
    "--netns",
    "namespaces",
    multiple=True,
    metavar="NAME",
    help="Read this network namespace too: a name of `ip netns`, a process number, a path, or `all`.",
)
def command(
    seconds: float, address: str | None, token_file: str | None, every: float, namespaces: tuple[str, ...]
) -> None:
    """Print what is known of this host as metrics in Prometheus's text format, once; or serve them until ended."""
    if every < FASTEST_S:
        raise click.BadParameter(f"not below {1000 * FASTEST_S:g}ms", param_hint="--every")
    if token_file and not address:
        raise click.BadParameter("is of no use without --prometheus", param_hint="--token-file")
    try:
        if address:
            _serve(address, token_file, every, namespaces)
        else:
            _print(seconds, namespaces)
    except Unusable as why:
        refuse(why)


def _print(seconds: float, namespaces: tuple[str, ...]) -> None:
    from brimful.exporters.prometheus import Collector

    collector = Collector(_roots(namespaces))
    collector.sweep()
    time.sleep(seconds)
    collector.sweep()
    click.echo(collector.text(), nl=False)


def _serve(text: str, token_file: str | None, every_s: float, namespaces: tuple[str, ...]) -> None:
    from brimful.exporters import server
    from brimful.exporters.prometheus import Collector

    host, port = server.address(text)
    secret = server.token(token_file) if token_file else None
    ended = Event()
    collector = Collector(_roots(namespaces), every_s=every_s)
    with server.Server(collector.registry, host, port, secret) as serving:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: ended.set())
        click.echo(f"brimful: metrics at {serving.url}", err=True)
        due = time.monotonic()
        while not ended.wait(max(0.0, due - time.monotonic())):
            collector.sweep()
            due = max(due + every_s, time.monotonic())


def _roots(namespaces: tuple[str, ...]) -> "list[tuple[LiveRoot, str]]":
    """Return the roots with the name of their namespace, which this host's own has none of."""
    return [(root, root.name.partition(" netns ")[2]) for root in live_roots(namespaces)]
