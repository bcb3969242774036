"""`brimful watch`: the chain of buffers, live."""

import os
import signal
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from brimful.cli.live import live_roots
from brimful.cli.options import Duration, refuse
from brimful.roots.base import Unusable

if TYPE_CHECKING:
    from brimful.watch.host import Host
    from brimful.watch.terminal import Terminal

FASTEST_S = 0.1
DUMB = frozenset(("", "dumb", "unknown"))


@click.command(name="watch")
@click.option("--every", type=Duration(), default="1s", show_default=True, help="How often to read.")
@click.option("--for", "seconds", type=Duration(), help="End by itself after so long.")
@click.option(
    "--netns",
    "namespaces",
    multiple=True,
    metavar="NAME",
    help="Watch this network namespace too: a name of `ip netns`, a process number, a path, or `all`.",
)
@click.option("--json", "as_objects", is_flag=True, help="Print one JSON object for each sweep and nothing else.")
@click.option("--plain", is_flag=True, help="Print a line for each thing that happens, as into a pipe.")
def command(every: float, seconds: float | None, namespaces: tuple[str, ...], as_objects: bool, plain: bool) -> None:
    """Show the buffers of this host that lose packets or fill up, worst first, until q or Ctrl-C.

    On a terminal it is a picture with keys (? shows them). Into a pipe it is a line with a time for each thing that
    happens, and one a minute when nothing does.
    """
    from brimful.watch.host import Host

    if every < FASTEST_S:
        raise click.BadParameter(f"not below {1000 * FASTEST_S:g}ms", param_hint="--every")
    try:
        roots = live_roots(namespaces)
    except Unusable as why:
        refuse(why)
    named = [root.name if len(roots) > 1 else "" for root in roots]
    hosts = [Host(root, every_s=every, parts=len(roots), name=name) for root, name in zip(roots, named, strict=True)]
    until_s = time.monotonic() + seconds if seconds else None
    if as_objects or plain or not _capable():
        try:
            _print(hosts, every, until_s, as_objects=as_objects)
        except KeyboardInterrupt:  # the usual end
            sys.exit(128 + signal.SIGINT)
        return
    _show(hosts, every, until_s, roots[0].name)


def _capable() -> bool:
    """Tell whether the output is a terminal that can place its cursor."""
    return sys.stdout.isatty() and os.environ.get("TERM", "") not in DUMB


def _print(hosts: "list[Host]", every_s: float, until_s: float | None, *, as_objects: bool) -> None:
    from brimful.watch.report import as_json
    from brimful.watch.teller import Teller

    teller = Teller(hosts)
    due = time.monotonic()
    while until_s is None or due <= until_s:
        time.sleep(max(0.0, due - time.monotonic()))
        for host in hosts:
            host.sweep()
            host.look()
        lines = [as_json(host).decode() for host in hosts] if as_objects else teller.lines(time.time())
        for line in lines:
            click.echo(line)
        due = max(due + every_s, time.monotonic())


def _show(hosts: "list[Host]", every_s: float, until_s: float | None, title: str) -> None:
    from brimful.watch.terminal import Terminal

    typed = sys.stdin.fileno() if sys.stdin is not None and sys.stdin.isatty() else None
    with Terminal(typed, sys.stdout.fileno()) as terminal:
        _watch(terminal, hosts, every_s, until_s, title)
    if terminal.ended is not None:
        sys.exit(128 + terminal.ended)


def _watch(terminal: "Terminal", hosts: "list[Host]", every_s: float, until_s: float | None, title: str) -> None:
    from brimful.watch.cost import OwnCost, seldom
    from brimful.watch.lines import Painter
    from brimful.watch.page import Page
    from brimful.watch.view import View

    view, own = View(), OwnCost()
    blocks = (sys.stdout.encoding or "").lower().startswith("utf")
    page = Page(hosts, view, title, blocks=blocks)
    painter = Painter(colour=not os.environ.get("NO_COLOR"), width=0, height=0)
    due, clock = time.monotonic(), ""
    while not view.quits and terminal.ended is None and (until_s is None or time.monotonic() < until_s):
        if time.monotonic() >= due:
            for host in hosts:
                host.sweep()
                if not view.frozen:
                    host.look()
            own.refresh()
            due = max(due + every_s, time.monotonic())
            clock = clock if view.frozen else f"{datetime.now(UTC):%H:%M:%S} UTC"
        if terminal.changed:
            terminal.changed = False
            painter.forget(*terminal.size)
        costs = [cost for host in hosts for cost in host.sampler.costs]
        foot = "; ".join(filter(None, (f"watching takes {own}", seldom(costs, every_s))))
        terminal.write(painter.draw(page.lines(painter.width, painter.height, clock, foot)))
        for key in terminal.wait(due if until_s is None else min(due, until_s)):
            view.press(key, page.rows())
