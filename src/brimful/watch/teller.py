"""Tells a watch as lines of text: one for each thing that happens, with its time, and one a minute when nothing does."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime

from brimful.chain.meaning import MEANINGS
from brimful.chain.place import protocol
from brimful.chain.stage import STAGES
from brimful.watch.board import Board, Buffer
from brimful.watch.cost import OwnCost
from brimful.watch.history import KEPT_S
from brimful.watch.host import Host
from brimful.watch.lines import clean
from brimful.watch.numbers import ahead, per_second

FULL, EASED = 0.8, 0.6
"""Of its limit: from where a buffer is told to be nearly full, and from where it is told to have room again."""
AGAIN_S = 60.0
"""What goes on is told again after so long."""
SOON_S = 600.0
"""Overflows that lie further ahead are not told."""
MOST = 0.5
"""Of what the sum of a protocol lost in the last minute: what single sockets lost, from which they account for it."""


class _Told:
    """What was said of one row."""

    def __init__(self) -> None:
        self.losing_since: float | None = None
        self.counted = 0
        self.again_s = 0.0
        self.full = False
        self.ahead = False


class Teller:
    """Compares each sweep with what it has said before."""

    def __init__(self, hosts: list[Host]) -> None:
        self._hosts = hosts
        self._told: dict[tuple[str, str, str], _Told] = {}
        self._verdicts: dict[str, tuple[str, str, str, str] | None] = {}
        self._own = OwnCost()
        self._spoke_s = 0.0
        self._sweeps = 0

    def lines(self, now_s: float) -> list[str]:
        """Return what is new at a time (seconds since 1970)."""
        self._sweeps += 1
        self._own.refresh()
        said = [line for host in self._hosts for line in self._host(host, now_s)]
        if not said and now_s - self._spoke_s >= AGAIN_S:
            losing = sum(told.losing_since is not None for told in self._told.values())
            state = f"{losing} buffers lose packets" if losing else "nothing is lost"
            said = [f"watching: {state}; {self._sweeps} sweeps; {self._own}"] if self._spoke_s else []
            self._spoke_s = self._spoke_s or now_s
        if said:
            self._spoke_s = now_s
        stamp = f"{datetime.fromtimestamp(now_s, UTC):%Y-%m-%dT%H:%M:%SZ}"
        return [f"{stamp} {clean(line)}" for line in said]

    def _host(self, host: Host, now_s: float) -> Iterator[str]:
        name = f"{host.board.name}: " if host.board.name else ""
        known = set()
        closer = _told_closer(host.board)
        for buffer in host.board.buffers.values():
            key = host.board.name, *buffer.key
            known.add(key)
            told = self._told.setdefault(key, _Told())
            for what in _news(buffer, told, now_s, closer=buffer.key in closer):
                yield f"{buffer.stage} {name}{buffer.place} {what}".replace("  ", " ")
        for key in [key for key in self._told if key[0] == host.board.name and key not in known]:
            del self._told[key]
        judgement = host.opinion.judgement
        if judgement is not None:
            # not by the statement: it may hold a share, which is another one each second
            verdicts = [(one.rule, one.stage, one.place) for one in judgement.verdicts]
            named = verdicts or [(one.rule, one.stage, one.place) for one in judgement.opens]
            said = (judgement.outcome, *named[0]) if named else None
            before = self._verdicts.get(host.board.name)
            self._verdicts[host.board.name] = said
            if said and said != before:
                yield f"{name}{judgement.outcome}: {judgement.statement}"


def _told_closer(board: Board) -> set[tuple[str, str]]:
    """Return the sums over the sockets of a protocol whose losses are told of single sockets.

    The amounts of the last minute decide: the two are not read at the same moment, so that one may end a second later.
    """
    parts: defaultdict[tuple[str, str], float] = defaultdict(float)
    sums: defaultdict[tuple[str, str], list[Buffer]] = defaultdict(list)
    for buffer in board.buffers.values():
        of = buffer.stage, protocol(buffer.place)
        if " " in buffer.place:
            parts[of] += _lately(buffer, board)
        else:
            sums[of].append(buffer)
    return {
        one.key
        for of, lost in parts.items()
        if lost and lost >= MOST * sum(_lately(one, board) for one in sums[of])
        for one in sums[of]
    }


def _lately(buffer: Buffer, board: Board) -> float:
    return sum(buffer.lost.cells(board.now_s, KEPT_S))


def _news(buffer: Buffer, told: _Told, now_s: float, *, closer: bool) -> Iterator[str]:
    yield from _losses(buffer, told, now_s, closer=closer)
    if buffer.level and buffer.share >= FULL and not told.full:
        told.full = True
        unit = MEANINGS[buffer.level.meaning].unit
        yield f"is {100 * buffer.share:.0f} % full ({buffer.level.value:,} of {buffer.level.limit:,} {unit})"
    elif told.full and buffer.share < EASED:
        told.full = False
        yield "has room again"
    soon = buffer.forecast is not None and buffer.forecast.seconds <= SOON_S
    if soon and not told.ahead:
        yield f"fills up: full in {ahead(buffer.forecast)} if it goes on"
    told.ahead = soon


def _losses(buffer: Buffer, told: _Told, now_s: float, *, closer: bool) -> Iterator[str]:
    """Yield that a loss began, goes on or ended; what is told `closer` does not begin here, nor does it go on."""
    counted = buffer.lost.total
    if closer and told.losing_since is None:
        told.counted = counted
    elif buffer.losing and told.losing_since is None:
        who = f" ({buffer.who})" if buffer.who else ""
        yield f"loses {per_second(buffer.losing)} a second{who}: {STAGES[buffer.stage].sink}"
        told.losing_since, told.again_s = now_s, now_s + AGAIN_S
    elif told.losing_since is not None and not buffer.losing:
        yield f"loses nothing any more: {counted - told.counted:,} lost in {now_s - told.losing_since:.0f} s"
        told.losing_since, told.counted = None, counted
    elif told.losing_since is not None and now_s >= told.again_s and not closer:
        yield f"still loses {per_second(buffer.losing)} a second: {counted - told.counted:,} so far"
        told.again_s = now_s + AGAIN_S
