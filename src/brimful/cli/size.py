"""`brimful size`: how large a buffer must be, how long it lasts, which slot carries the frames."""

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from brimful.cli.options import Duration, refuse

if TYPE_CHECKING:
    from brimful.simulate.sizing import Answer, Input

ASKED = ("ring", "stall", "poll", "slot", "buffer", "headroom")
LIVE = "live"
SCALES = {"": 1, "k": 1e3, "m": 1e6, "g": 1e9, "ki": 1 << 10, "mi": 1 << 20}
UNITS = {
    "link_speed": "bit/s",
    "rate": "frames/s",
    "frame_size": "bytes",
    "ring": "descriptors",
    "fifo": "bytes",
    "stall": "s",
    "every": "s",
    "cost": "s",
    "loss": "",
    "budget": "packets",
    "moderation": "s",
    "payload": "bytes",
    "pause": "s",
    "read": "s",
    "message": "bytes",
    "truesize": "bytes",
    "receive_buffer": "bytes",
}
"""The options that are inputs of answers, with their units."""


class Span(Duration):
    """Seconds, as `300ns`, `50us`, `1ms`."""

    units = {**Duration.units, "us": 1e-6, "ns": 1e-9}
    least = "1ns"


class Amount(click.ParamType[float]):
    """A number, as `24576`, `1.488M`, `10G`, `24Ki`; a unit may follow."""

    name = "number"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number; a usage error for anything else."""
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmg]i?)?(?:bit/s|b/s|pps|b)?", str(value).strip().lower(), re.ASCII)
        number = float(match[1]) * SCALES.get(match[2] or "", 0) if match else 0.0
        if not 0 < number < 1e15:  # noqa: PLR2004 - what nothing has
            self.fail(f"{value!r} is not a number such as 24576, 1.488M, 10G or 24Ki", param, ctx)
        return number


class Link(click.ParamType[tuple[float, int]]):
    """A PCIe link, as `gen3x8`: GT/s and lanes."""

    name = "link"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, int]:
        """Return GT/s and lanes; a usage error for anything else."""
        if isinstance(value, tuple):
            return value
        match = re.fullmatch(r"gen([1-5]) ?x(1|2|4|8|12|16)", str(value).strip().lower())
        if match is None:
            self.fail(f"{value!r} is not a PCIe link such as gen3x8", param, ctx)
        return (2.5, 5.0, 8.0, 16.0, 32.0)[int(match[1]) - 1], int(match[2])


@click.command(name="size")
@click.argument("questions", nargs=-1, metavar="[QUESTION]...", type=click.Choice(ASKED))
@click.option("--from", "root", metavar="ROOT", help="Take what is known from a capture, or from this host: live.")
@click.option("--interface", metavar="NAME", help="Which interface of it.")
@click.option("--for", "seconds", type=Duration(), default="2s", show_default=True, help="How long to watch this host.")
@click.option("--scenario", metavar="FILE", help="Take what is known from a scenario of brimful simulate.")
@click.option("--link-speed", type=Amount(), help="Rate of the link, bits a second: 10G.")
@click.option("--rate", type=Amount(), help="Frames, or messages, a second: 1.488M. Without it, the link's line rate.")
@click.option("--frame-size", type=Amount(), help="Length of a frame with its check sequence, bytes.")
@click.option("--ring", type=Amount(), help="Descriptors of the receive ring.")
@click.option("--fifo", type=Amount(), help="The NIC's own buffer, bytes.")
@click.option("--stall", type=Span(), help="How long the ring is not polled, at the longest.")
@click.option("--every", type=Span(), help="How often that comes.")
@click.option("--cost", type=Span(), help="CPU time for a packet: 300ns.")
@click.option("--loss", type=click.FloatRange(1e-12, 1, max_open=True), help="Share of all frames that may be lost.")
@click.option("--budget", type=Amount(), help="Packets that one poll takes.")
@click.option("--moderation", type=Span(), help="Interrupt moderation (rx-usecs).")
@click.option("--pcie", type=Link(), help="The PCIe link: gen3x8.")
@click.option("--payload", type=click.IntRange(128, 4096), help="Its maximum payload, bytes.")
@click.option("--pause", type=Span(), help="How long the application does not read, at the longest.")
@click.option("--read", type=Span(), help="How long the application takes to read a message.")
@click.option("--message", type=Amount(), help="Length of a datagram, bytes.")
@click.option("--truesize", type=Amount(), help="What a message is charged for, bytes.")
@click.option("--receive-buffer", type=Amount(), help="The receive buffer there is, bytes.")
@click.option("--json", "as_object", is_flag=True, help="Print one JSON object and nothing else.")
def command(
    questions: tuple[str, ...],
    root: str | None,
    interface: str | None,
    seconds: float,
    scenario: str | None,
    pcie: tuple[float, int] | None,
    as_object: bool,
    **options: float | None,
) -> None:
    """Size a buffer before it overflows: with formulas, inputs and where each input comes from.

    QUESTION is one or more of these; without any, all that can be answered are.

    \b
    ring      the smallest ring for a stall, or for a load and a target loss
    stall     the longest time that a ring may go without being polled
    poll      how often a ring must be polled
    slot      the narrowest PCIe slot that carries the frames
    buffer    the receive buffer of a socket whose reader pauses
    headroom  what is left of a PCIe link

    Options go before what ROOT says, and that before the scenario. What is missing is asked for by the name of its
    option, never assumed.

    Exit status: 0 answered, 1 no size will do, 2 unusable or missing input.
    """  # noqa: D301 - click reads the backspace as: do not wrap
    from brimful.simulate.sizing import QUESTIONS, Missing
    from brimful.simulate.sizing.confirm import confirm

    inputs = (_supposed(scenario) if scenario else {}) | (
        _observed(root, interface, seconds, quiet=as_object) if root else {}
    )
    inputs |= _given(options, pcie)
    answers: list[Answer] = []
    missing: dict[str, str] = {}
    for question in questions or ASKED:
        try:
            answers.append(confirm(QUESTIONS[question].ask(inputs)))
        except Missing as why:
            missing[question] = str(why)
    if missing and (questions or not answers):
        refuse("; ".join(f"{question} needs {what}" for question, what in missing.items()))
    click.echo(_as_json(answers, missing) if as_object else "\n".join(_text(answers, missing)))
    sys.exit(int(any(answer.value is None for answer in answers)))


def _given(options: dict[str, float | None], pcie: tuple[float, int] | None) -> "dict[str, Input]":
    """Return the inputs that options give."""
    from brimful.simulate.sizing import Input

    named = {name: value for name, value in options.items() if value is not None}
    found = {
        name.replace("_", "-"): Input(name.replace("_", "-"), value, UNITS[name], f"--{name.replace('_', '-')}")
        for name, value in named.items()
    }
    if pcie:
        found["pcie-speed"] = Input("pcie-speed", pcie[0], "GT/s", "--pcie")
        found["lanes"] = Input("lanes", pcie[1], "", "--pcie")
    return found


def _supposed(path: str) -> "dict[str, Input]":
    from brimful.simulate.scenario import Bad
    from brimful.simulate.scenario_file import read
    from brimful.simulate.sizing.known import supposed

    try:
        return supposed(read(path), Path(path).name)
    except Bad as why:
        refuse(why)


def _observed(root: str, interface: str | None, seconds: float, *, quiet: bool) -> "dict[str, Input]":
    """Return what a capture or this host tells of one interface, read as `brimful diagnose` reads it."""
    from brimful.cli.diagnose import diagnose
    from brimful.roots.base import Unusable
    from brimful.simulate.sizing.known import cards, interfaces, observed

    try:
        machines = diagnose(() if root == LIVE else (root,), seconds=seconds, quiet=quiet)
    except Unusable as why:
        refuse(why)
    if len(machines) > 1:
        refuse(f"{root}: holds {len(machines)} machines: give one of them")
    evidence = machines[0].evidence
    known, able = interfaces(evidence), cards(evidence)
    if interface is not None and interface not in known:
        refuse(f"{root}: nothing is known of {interface}, but of {', '.join(known) or 'no interface'}")
    if interface is None and len(able or known) > 1:
        refuse(f"{root}: --interface says which: {', '.join(able or known)}")
    return observed(evidence, interface or next(iter(able or known), ""))


def _text(answers: "list[Answer]", missing: dict[str, str]) -> list[str]:
    lines = []
    for answer in answers:
        lines.append(f"{answer.question:10}{answer.statement}")
        lines += [f"  formula   {line}" for line in answer.formula]
        lines += [f"  from      {item}: {item.source}" for item in answer.inputs]
        lines += [f"  note      {note}" for note in answer.notes]
        if answer.simulated:
            agrees = "" if answer.simulated.agrees else ": it does not agree"
            lines.append(f"  simulated {answer.simulated.what}: {answer.simulated.outcome}{agrees}")
        lines.append("")
    lines += [f"{question:10}needs {what}" for question, what in missing.items()]
    return lines if missing else lines[:-1]


def _as_json(answers: "list[Answer]", missing: dict[str, str]) -> bytes:
    import msgspec

    found = {"answers": answers, "missing": [{"question": one, "needs": what} for one, what in missing.items()]}
    return msgspec.json.format(msgspec.json.encode(found), indent=2)
