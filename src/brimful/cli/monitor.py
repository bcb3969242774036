"""`brimful monitor`: buffers watched by a configuration, in the language of asic-monitor."""

import click

from brimful.cli import Lazy

PARTS = {
    "run": "watch by a configuration, as a service",
    "check": "say what is wrong or doubtful in a configuration",
    "show": "say what snapshots show: which queue, how deep, how long",
}


@click.group(name="monitor", cls=Lazy, about=PARTS, module="monitor_{}")
def command() -> None:
    """Watch buffers by a configuration, as asic-monitor does on a switch.

    A monitor.conf of Cumulus Linux runs as it is; the same language watches every buffer of this host.
    """
