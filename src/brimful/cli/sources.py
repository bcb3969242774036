"""`brimful sources`: what can be read here, and why not where not."""

import click
import msgspec

from brimful.cli.options import screen
from brimful.evidence.origin import Blind
from brimful.roots.base import Root
from brimful.sources import EACH_SECOND, SOURCES, Source


class Reach(msgspec.Struct, frozen=True):
    """What one source finds on this host."""

    name: str
    about: str
    requests: tuple[str, ...]
    documents: int
    needs: str
    every_s: float


@click.command(name="sources")
@click.option("--json", "as_object", is_flag=True, help="Print one JSON object and nothing else.")
def command(as_object: bool) -> None:
    """List what brimful can read, what of it is to be had on this host, and why not where not."""
    from brimful.roots.live import LiveRoot

    root = LiveRoot()
    reach = [_reach(root, source) for source in SOURCES]
    blind = root.blind()
    if as_object:
        click.echo(msgspec.json.format(msgspec.json.encode({"sources": reach, "blind": blind}), indent=2))
        return
    _draw(reach, blind)


def _reach(root: Root, source: Source) -> Reach:
    documents = sum(1 for request in source.requests for _ in root.documents(request))
    return Reach(source.name, source.about, source.requests, documents, source.needs, source.every_s)


def _draw(reach: list[Reach], blind: list[Blind]) -> None:
    from rich.table import Table
    from rich.text import Text

    console = screen()
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="bold")
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for one in reach:
        here = f"{one.documents} here" if one.documents else "saved only" if _saved_only(one) else "not here"
        needs = f" Fully only with {one.needs}." if one.needs else ""
        often = "" if _saved_only(one) else f" {_often(one.every_s)}."
        table.add_row(one.name, here, f"{one.about}{often}{needs}")
        table.add_row("", "", Text(", ".join(one.requests), style="dim"))
    with console.capture() as drawn:
        console.print(table)
    click.echo(drawn.get(), nl=False)
    for unseen in blind:
        click.echo(f"not seen: {unseen}")


def _often(every_s: float) -> str:
    """Return how often a source is read in a watch, where it costs no more than its share."""
    return "Each second" if every_s == EACH_SECOND else f"Every {every_s:g} s"


def _saved_only(one: Reach) -> bool:
    return all(request.startswith("show ") or request == "log" for request in one.requests)
