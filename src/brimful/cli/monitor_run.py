"""`brimful monitor run`: watch by a configuration, as a service."""

import os
import sys
import threading
import time
from typing import TYPE_CHECKING

import click

from brimful.cli.options import Duration, refuse

if TYPE_CHECKING:
    from brimful.monitor.group import Config
    from brimful.monitor.happening import Happening

ONCE_S = 1.0
"""How long is counted before all is read once."""


class Printer:
    """Prints what happens, a line each. Where systemd reads the lines, it goes on though nobody does any more."""

    def __init__(self, *, as_objects: bool, quiet: bool) -> None:
        self.failed = False
        self._as_objects = as_objects
        self._quiet = quiet
        self._alone = "NOTIFY_SOCKET" not in os.environ
        self._lock = threading.Lock()

    def __call__(self, one: "Happening") -> None:
        """Print one."""
        from brimful.monitor.happening import Kind

        self.failed = self.failed or one.kind is Kind.FAILED
        if self._quiet and one.kind is Kind.DONE:
            return
        try:
            with self._lock:
                click.echo(one.as_json() if self._as_objects else str(one))
        except OSError:
            if self._alone and threading.current_thread() is threading.main_thread():
                raise


@click.command(name="run")
@click.option("-c", "--config", "path", required=True, metavar="FILE", help="The configuration: a monitor.conf.")
@click.option("--once", is_flag=True, help="Count for a second, read every group that has a timer once, and end.")
@click.option("--for", "seconds", type=Duration(), help="End by itself after so long.")
@click.option("--json", "as_objects", is_flag=True, help="Print one JSON object for each thing that happens.")
@click.option("--quiet", is_flag=True, help="Do not print the actions that are taken, only what else happens.")
def command(path: str, once: bool, seconds: float | None, as_objects: bool, quiet: bool) -> None:
    """Watch the buffers of this host by a configuration, until a signal ends it.

    SIGHUP reads FILE again: readings that stay the same go on, a FILE with errors is refused. Prints a line for each thing
    that happens.

    Exit status: 0, also where FILE asks for nothing; 2 when it cannot be used, or with --once when an action failed.
    """
    from brimful.monitor.deeds import Hands
    from brimful.monitor.engine import Engine
    from brimful.monitor.happening import Kind
    from brimful.monitor.readers import reader
    from brimful.monitor.service import Service, idle

    printer = Printer(as_objects=as_objects, quiet=quiet)
    hands = Hands(printer)
    try:
        config = _load(path)
        why = idle(config)
        if why:
            click.echo(f"brimful: {path}: {why}", err=True)
            return
        engine = Engine(config, reader, hands, printer)
    except ValueError as error:
        refuse(str(error).replace("\n", "\nbrimful: "))
    engine.say(Kind.STARTED, f"{path}: watches {', '.join(cost.group for cost in engine.costs)}")
    try:
        if once:
            time.sleep(ONCE_S)
            engine.turn(everything=True)
        else:
            Service(engine, lambda: _load(path)).run(seconds)
    finally:
        engine.close()
        hands.close()
    engine.say_cost()
    engine.say(Kind.STOPPED, "ended")
    if once and printer.failed:
        sys.exit(2)


def _load(path: str) -> "Config":
    """Read a configuration; `ValueError` with a line for each thing that is wrong with it."""
    from brimful.monitor.conf import Faulty, read

    try:
        return read(path)
    except Faulty as why:
        raise ValueError(str(why)) from why
