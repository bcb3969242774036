"""Write the reference pages that the registries know: stages, meanings, sources, rules and driver maps."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from brimful.chain.fact import EVENTS, FACTS
from brimful.chain.meaning import MEANINGS
from brimful.chain.stage import STAGES
from brimful.chain.word import KIND_TEXT
from brimful.drivers.maps import DriverMap, all_maps
from brimful.rules import RULES
from brimful.sources import SOURCES

HERE = Path(__file__).parent / "reference"
MADE = "<!-- written by docs/generate.py from the registry: edit the part, not this page -->"


def table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """Yield the lines of a Markdown table."""
    yield "| " + " | ".join(heads) + " |"
    yield "|" + "---|" * len(heads)
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", "\\|") or "-" for cell in row) + " |"


def stages() -> Iterator[str]:
    """Yield the page of the chain."""
    yield from (
        "# Stages and the walk",
        "",
        "A buffer overflows because its drain is slower than its tap. The judge starts at",
        "every buffer that lost packets and walks to what can hold its drain up; where that",
        "had room, the drain between the two is at fault, and its owner is the verdict.",
        "",
    )
    rows = (
        (
            f"`{s.name}`",
            s.sink,
            s.drain,
            str(s.owner),
            ", ".join(f"`{n}`" for n in s.held_by),
            ", ".join(f"`{n}`" for n in s.proof),
        )
        for s in STAGES.values()
    )
    yield from table(
        ("stage", "the sink", "its drain", "owner of the drain", "held up by", "must be shown to have room"), rows
    )


def meanings() -> Iterator[str]:
    """Yield the page of the vocabulary."""
    yield from (
        "# Meanings",
        "",
        "What a number can mean, whatever its raw name was. `brimful explain NAME` says the same.",
        "",
    )
    yield from table(
        ("meaning", "kind", "unit", "text"),
        ((f"`{m.name}`", KIND_TEXT[m.kind], m.unit, m.text) for m in MEANINGS.values()),
    )
    yield from ("", "## Events", "", *table(("event", "text"), ((f"`{n}`", t) for n, t in EVENTS.items())))
    yield from ("", "## Facts", "", *table(("fact", "text"), ((f"`{n}`", t) for n, t in FACTS.items())))


def sources() -> Iterator[str]:
    """Yield the page of what can be read."""
    yield from ("# Sources", "", "Each is one module of `brimful.sources`. Braces match anything.", "")
    yield from table(
        ("source", "reads", "what it is"),
        ((f"`{s.name}`", "<br>".join(f"`{r}`" for r in s.requests), s.about) for s in SOURCES),
    )


def rules() -> Iterator[str]:
    """Yield the page of the questions."""
    yield from (
        "# Rules",
        "",
        "Each is one module of `brimful.rules` and answers one question; the judge joins the answers.",
        "",
    )
    yield from table(
        ("rule", "question", "reads"),
        ((f"`{r.name}`", r.question, ", ".join(f"`{n}`" for n in r.reads)) for r in RULES),
    )


def drivers() -> Iterator[str]:
    """Yield the page of the driver maps."""
    yield from (
        "# Driver maps",
        "",
        "What each driver means by its counters: the same name can mean different buffers.",
        "",
    )
    for driver in all_maps().values():
        yield from driver_page(driver)


def driver_page(driver: DriverMap) -> Iterator[str]:
    """Yield one driver's section."""
    known = driver.description
    yield from (
        f"## {driver.driver}",
        "",
        f"Source: {known.source}. Values of `ethtool -S` are "
        + (f"up to {known.refresh_seconds:g} s old." if known.refresh_seconds else "live when read."),
        "",
    )
    rows = [
        (
            ", ".join(f"`{n}`" for n in c.names),
            f"`{c.meaning}`" if c.meaning else "",
            str(c.width_bits),
            "; ".join(filter(None, (c.note, c.doubt))),
        )
        for c in known.counters
    ]
    yield from table(("counter", "meaning", "bits", "note"), rows)
    if known.rtnl:
        yield from (
            "",
            "In the link statistics:",
            "",
            *table(
                ("field", "meaning", "note"),
                (
                    (
                        ", ".join(f"`{n}`" for n in c.names),
                        f"`{c.meaning}`" if c.meaning else "",
                        "; ".join(filter(None, (c.note, c.doubt))),
                    )
                    for c in known.rtnl
                ),
            ),
        )
    for blind in driver.blind:
        yield from ("", f"Blind: {blind.what}" + (f" ({blind.remedy})" if blind.remedy else ""))
    yield ""


PAGES = {"stages": stages, "meanings": meanings, "sources": sources, "rules": rules, "drivers": drivers}


def main() -> None:
    """Write every page."""
    for name, page in PAGES.items():
        (HERE / f"{name}.md").write_text("\n".join((MADE, "", *page())) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
