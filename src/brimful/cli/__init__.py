"""The command line. Commands are imported only when they are called: `brimful --help` must start at once."""

import importlib
import os
import sys
from typing import Any

import click

from brimful import __version__

INTERNAL = 70
"""Status of a mistake in brimful itself: EX_SOFTWARE of sysexits.h."""

COMMANDS = {
    "diagnose": "which buffer overflowed, whose fault it is and what to do",
    "watch": "the buffers that lose packets or fill up, live",
    "metrics": "the same as numbers, for Prometheus",
    "monitor": "watch buffers by a configuration, as asic-monitor does on a switch",
    "simulate": "try a chain of buffers: which loses packets, when and how many",
    "size": "how large a ring, a buffer or a slot must be, and how long they last",
    "capture": "save what this host's buffers say, to be diagnosed elsewhere",
    "explain": "what a counter, a meaning or a stage is",
    "sources": "what can be read here, and why not where not",
}


class Lazy(click.Group):
    """A group whose commands are modules of this package, each with a `command`.

    `about` says what each is for, `module` what its module is called.
    """

    def __init__(self, *, about: dict[str, str], module: str = "{}", **settings: Any) -> None:
        super().__init__(**settings)
        self._about = about
        self._module = module

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, main job first."""
        del ctx
        return list(self._about)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command; None for an unknown name."""
        del ctx
        if cmd_name not in self._about:
            return None
        module = importlib.import_module(f"brimful.cli.{self._module.format(cmd_name)}")
        command: click.Command = module.command
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run one command; a reader that went away (`| head`) is no verdict, and click would end with 1."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python fails again when it ends
            ctx.exit(141)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(self._about.items()))


@click.group(cls=Lazy, about=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="brimful")
def cli() -> None:
    """Say which buffer overflowed, whose fault it is and what to do.

    For every buffer a packet crosses: live on this host, or from saved captures (StarOS show output and syslog,
    sosreports, proc files, ethtool output).
    """


def main() -> None:
    """Run the command line. Status 1 is a verdict and nothing else: Ctrl-C, `| head` and a full disk have their own."""
    if sys.stdout is None:  # the answer would be lost in silence
        click.echo("brimful: standard output: is closed", err=True)
        sys.exit(2)
    try:
        sys.exit(cli.main(standalone_mode=False))
    except click.ClickException as why:
        why.show()
        sys.exit(why.exit_code)
    except click.Abort:
        click.echo("brimful: interrupted: nothing is concluded", err=True)
        sys.exit(130)
    except OSError as why:  # nothing reads so late: it is the output that cannot be written
        click.echo(f"brimful: standard output: {why.strerror or why}", err=True)
        sys.exit(2)
    except Exception:  # noqa: BLE001 - a mistake of our own must not look like a verdict
        sys.excepthook(*sys.exc_info())
        sys.exit(INTERNAL)
