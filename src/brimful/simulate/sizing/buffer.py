"""The receive buffer of a socket."""

from math import ceil

from brimful.simulate import laws
from brimful.simulate.sizing.answer import Answer, Given, Question, span


def buffer(given: Given) -> Answer:
    """Return the receive buffer of a socket whose reader pauses."""
    pause, rate, read = given["pause"], given["rate"], given.maybe("read")
    each, formula, notes = _charged(given)
    if read and rate * read >= 1:
        said = f"No receive buffer is large enough: {rate:,g} messages/s * {span(read)} is more than the reader can."
        return given.answer("buffer", None, "bytes", said, formula=formula, notes=notes)
    count = laws.messages(pause, rate, read or 0.0)
    needed = count * each
    words, terms = "rate * pause", f"{rate:,g} * {span(pause)}"
    if read:
        words, terms = f"{words} / (1 - rate * read / 4)", f"{terms} / (1 - {rate:,g} * {span(read)} / 4)"
    else:
        notes += ("that the reader then reads at once is taken for granted: --read is its time for a message",)
    formula += (f"messages = ceil({words}) = ceil({terms}) = {count:,}",)
    formula += (f"buffer = messages * truesize = {count:,} * {each:,g} = {needed:,.0f} bytes",)
    half = ceil(needed / 2)
    notes += (f"to set: net.core.rmem_max={half:.0f} and SO_RCVBUF {half:.0f}: the kernel doubles what is asked for",)
    said = f"A receive buffer of {needed:,.0f} bytes holds the {count:,} messages of a reader's pause of {span(pause)}."
    now = given.maybe("receive-buffer")
    if now is not None:
        held = now // each
        notes += (f"a buffer of {now:,g} bytes holds {held:,g} messages: {span(held / rate)}",)
    return given.answer("buffer", needed, "bytes", said, formula=formula, notes=notes)


def _charged(given: Given) -> tuple[float, tuple[str, ...], tuple[str, ...]]:
    """Return what a message is charged for, the line that says why, and a doubt."""
    told = given.maybe("truesize")
    if told is not None:
        return told, (), ()
    length = given["message"]
    each = laws.truesize(int(length))
    data = f"ceil((message + {laws.HEADERS}) / {laws.LINE}) * {laws.LINE} + {laws.SHARED}"
    text = f"truesize = {laws.STRUCTURE} + the head that holds {data} = {each:,} bytes for {length:,g}"
    doubt = "as measured on Linux 6.18 from the same host; a NIC's driver may charge more: --truesize"
    return each, (text,), (doubt,)


BUFFER = Question("buffer", ((("pause",),), (("rate",),), (("message",), ("truesize",))), buffer)
