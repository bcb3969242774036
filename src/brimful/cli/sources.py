"""`brimful sources`: what can be read here, and why not where not."""

from textwrap import wrap

import click
import msgspec

from brimful.cli.options import screen
from brimful.evidence.origin import Blind
from brimful.roots.base import Root
from brimful.sources import EACH_SECOND, SOURCES, Source

INDENT = " " * 4
"""Before what belongs to a source, below its name."""


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
    from rich.text import Text

    console = screen()
    longest = max(len(one.name) for one in reach)
    with console.capture() as drawn:
        for one in reach:
            about = Text("\n".join(_lines(one, longest, console.width)))
            about.stylize("bold", 0, len(one.name))
            # paths and commands are to be copied: whole, one a line, however narrow the screen
            asked = Text("\n".join(f"{INDENT}{request}" for request in one.requests), style="dim")
            console.print(about, asked, sep="\n", overflow="ignore", no_wrap=True, crop=False)
    click.echo(drawn.get(), nl=False)
    for unseen in blind:
        click.echo(f"not seen: {unseen}")


def _lines(one: Reach, longest: int, width: int) -> list[str]:
    """Return what a source is, in lines that are cut between words only."""
    here = f"{one.documents} here" if one.documents else "saved only" if _saved_only(one) else "not here"
    needs = f" Fully only with {one.needs}." if one.needs else ""
    often = "" if _saved_only(one) else f" {_often(one.every_s)}."
    text = f"{one.name:{longest}}  {here:10}  {one.about}{often}{needs}"
    return wrap(text, width, subsequent_indent=INDENT, break_long_words=False, break_on_hyphens=False)


def _often(every_s: float) -> str:
    """Return how often a source is read in a watch, where it costs no more than its share."""
    return "Each second" if every_s == EACH_SECOND else f"Every {every_s:g} s"


def _saved_only(one: Reach) -> bool:
    return all(request.startswith("show ") or request == "log" for request in one.requests)
