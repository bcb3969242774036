"""`brimful capture`: save what this host's buffers say, to be diagnosed elsewhere."""

import click

from brimful.cli.options import Duration, refuse, requests
from brimful.roots.base import Unusable


@click.command(name="capture")
@click.argument("out", metavar="OUT.tar.gz")
@click.option(
    "--for",
    "seconds",
    type=Duration(),
    default="10s",
    show_default=True,
    help="Time between the first and last sample.",
)
@click.option("--samples", type=click.IntRange(2, 600), default=2, show_default=True, help="How many samples to take.")
def command(out: str, seconds: float, samples: int) -> None:
    """Save what this host's buffers say into OUT.tar.gz, to be diagnosed elsewhere.

    The file holds the texts that `brimful diagnose` reads (proc files, link and NIC counters, rings, sockets with the
    names of their processes), as often as asked. Addresses and process names are in it: look before you share it.
    """
    from brimful.cli.live import beats
    from brimful.roots.capture import collect, save
    from brimful.roots.live import LiveRoot

    root = LiveRoot()
    turns = beats(samples, seconds / (samples - 1), f"watching this host for {seconds:g} s", quiet=False)
    try:
        recording = save(lambda: collect(root, requests(root.answers), turns), out)
    except Unusable as why:
        refuse(why)
    documents = sum(len(found) for _, found in recording.samples)
    click.echo(f"{out}: {documents:,} answers in {samples} samples, {seconds:g} s apart in all")
    for blind in recording.blind():
        click.echo(f"not seen: {blind}")
