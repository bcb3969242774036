"""Which request a saved file answers: told by its path, by its name, or by what is in it.

People, sosreport and must-gather name files for what they hold: `proc/net/snmp`, `proc_net_snmp`, `ethtool_-S_eth0`.
sosreport mangles commands so: any run of characters but letters, digits, `-`, `.` and `/` becomes `_`, then `/` becomes
`.` (sos/utilities.py `_os_wrapper`, sos/report/plugins `_mangle_command`). A suffix such as `.txt` decides nothing.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

import msgspec

from brimful.evidence.clock import stamp
from brimful.evidence.moment import SECOND, Moment
from brimful.roots.base import NBSP, pattern

HEAD = 64 * 1024
"""Bytes of a file that its content is told by."""

Entry = tuple[tuple[str, ...], str]
Head = Callable[[], bytes]

OPTIONS = "{options}"
"""The brace that stands for a command's options, blanks and all."""

BRACE_PARTS = 3

_BRACE = re.compile(r"\{(\w+)\}")
_SUFFIX = re.compile(r"\.(?:txt|log|out|text|raw|gz|xz|bz2)\Z", re.IGNORECASE)
_SAMPLE = re.compile(r"\.(\d+(?:\.\d+)?)s\Z", re.ASCII)
_STAMP = re.compile(r"\.(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))\Z", re.ASCII)
_NUMBER = re.compile(r"[._-]?(\d{1,9})\Z", re.ASCII)
_OPTIONS = re.compile(r"(?:_-[\w-]+)+")
_DUMP = re.compile(
    r"(?P<database>[A-Z][A-Z_]*_DB)(?:_(?P<sample>[0-9]{1,3}))?\.json(?:\.(?P<asic>[0-9]{1,2}))?(?:\.gz)?\Z"
)
"""A database as SONiC's `show techsupport` saves it: `COUNTERS_DB_1.json`, of several ASICs `COUNTERS_DB_1.json.0`."""
_COUNTED = re.compile(r"queue\.counters_(?P<sample>[0-9]{1,3})(?:\.gz)?\Z")
_COUNTERS = "show queue counters"
"""What the same command saves of queues at the same moments."""
_V6 = re.compile(r"(?:snmp|sockstat|tcp|udp|raw|udplite|icmp|igmp)6\Z")
"""Files of /proc/net whose 6 is a protocol, not the number of a sample."""


class Answer(msgspec.Struct, frozen=True):
    """What a file answers.

    `name` is the request with its braces filled by `of`. `at` and `sequence` come from the file's name: a moment, or
    just a place in a row. `sure` is false where the name would fit other things as well.
    """

    request: str
    name: str
    of: dict[str, str] = {}
    at: Moment | None = None
    sequence: int | None = None
    sure: bool = True


class _Named(msgspec.Struct, frozen=True):
    """A file's name with braces, what it begins with, and the request it then answers."""

    name: str
    begins: str
    request: str
    sure: bool


class Catalog:
    """The requests of all sources, and how their answers are recognised.

    `entries`: for each source its requests and the regular expression that its text looks like (empty: none). That
    expression is searched with `^` and `$` matching at each line, and stands for the first of the requests.
    """

    def __init__(self, entries: Iterable[Entry]) -> None:
        kept = list(entries)
        self.requests = tuple(dict.fromkeys(request for requests, _ in kept for request in requests))
        self._source = {request: requests[0] for requests, _ in kept for request in requests}
        self._looks = {requests[0]: look for requests, look in kept if look}
        paths = [request for request in self.requests if request.startswith("/")]
        # what a path must begin and end with to be worth matching: a sosreport holds 80,000 files
        self._ends = [(path.partition("{")[0], path.rpartition("}")[2], path) for path in paths]
        self._starts = tuple({start for start, *_ in self._ends})
        self._tops = {path.split("/")[1] for path in paths}
        self._exact: dict[str, tuple[str, bool]] = {}
        self._named: list[_Named] = []
        self._fill()
        tails = "|".join(sorted({_tail(path) for path in paths})) or r"(?!)"
        self._tails = re.compile(rf"(?:\A|/)(?:{tails})\Z")

    def _fill(self) -> None:
        bare: dict[str, set[str]] = {}
        for request in self.requests:
            names = _flattened(request) if request.startswith("/") else [(mangled(request), True)]
            for name, sure in names:
                if _BRACE.search(name):
                    begins = name.partition("{")[0]
                    self._named.append(_Named(name, begins, request, sure and not _only_program(request)))
                elif sure:
                    self._exact.setdefault(name, (request, True))
                else:
                    bare.setdefault(name, set()).add(request)
        for name, requests in bare.items():
            if len(requests) == 1:
                self._exact.setdefault(name, (requests.pop(), False))
        self._named.sort(key=lambda named: -len(_BRACE.sub("", named.request)))

    def answer(self, path: str, head: Head | None = None) -> Answer | None:
        """Return what a file answers, by path, then name, then content; None when nothing.

        Where the name does not decide alone, the content may overrule it. Without `head` only names are looked at.
        """
        base = path.rpartition("/")[2]
        found = self.by_path(path) or self.by_name(base)
        if head is None or (found is not None and found.sure):
            return found
        seen = self._look(_text(head()))
        if found is None or (seen and self._source[found.request] not in seen):
            return self._by_look(seen, base)
        doubtful = _only_program(found.request) and not seen and found.request in self._looks
        return None if doubtful else found

    def by_path(self, path: str) -> Answer | None:
        """Return what a file answers by where it stands: `any/folder/proc/net/snmp` is `/proc/net/snmp`."""
        parts = path.split("/")
        for index, part in enumerate(parts[:-1]):
            if part in self._tops:
                folder = "/" + "".join(f"{part}/" for part in parts[index:-1])
                if not f"{folder}{parts[-1]}".startswith(self._starts):
                    continue
                # without any suffix first, as in `by_name`: `bond0.0s` is bond0
                for stem, at in reversed(list(_stems(parts[-1]))):
                    if answer := self._fitting(folder + stem, at):
                        return answer
        return None

    def _fitting(self, name: str, at: Moment | None) -> Answer | None:
        for start, end, request in self._ends:
            if name.startswith(start) and name.endswith(end) and (match := pattern(request).match(name)):
                return Answer(request, name, match.groupdict(), at)
        return None

    def by_name(self, base: str) -> Answer | None:
        """Return what a file answers by its name alone: a mangled command, a flattened path."""
        if answer := self._dumped(base):
            return answer
        stems = list(_stems(base))
        for stem, at in stems:
            if answer := self._exactly(stem, at):
                return answer
        # only what is left without any suffix may be numbered or fill a brace: `eth0.0s.txt` is eth0
        stem, at = stems[-1]
        return self._numbered(stem) or self._filled(stem, at)

    def _dumped(self, base: str) -> Answer | None:
        """`COUNTERS_DB_2.json` of a SONiC switch: the second of its samples, whose time `date.counter_2` tells."""
        match = _COUNTED.match(base)
        if match and _COUNTERS in self.requests:
            return Answer(_COUNTERS, _COUNTERS, {}, None, int(match["sample"]))
        match = _DUMP.match(base)
        if match is None:
            return None
        name = f"sonic-db-dump -n {match['database']} -y"
        asic = f"sonic-netns-exec asic{match['asic']} {name}"
        request = f"sonic-netns-exec asic{{asic}} {name}" if match["asic"] else name
        if request not in self.requests:
            return None
        sample = int(match["sample"]) if match["sample"] else None
        of = {"asic": match["asic"]} if match["asic"] else {}
        return Answer(request, asic if of else name, of, None, sample)

    def _exactly(self, stem: str, at: Moment | None, sequence: int | None = None) -> Answer | None:
        request, sure = self._exact.get(stem) or self._exact.get(_OPTIONS.sub("", stem), ("", False))
        if not request or (request.startswith("/") and stem not in self._exact):  # a file has no options
            return None
        return Answer(request, request, {}, at, sequence, sure and stem in self._exact)

    def _numbered(self, stem: str) -> Answer | None:
        """`softnet_stat3`: the third of several samples. A log's number is its rotation, not a sample."""
        match = _NUMBER.search(stem)
        if match is None or _V6.search(stem):
            return None
        answer = self._exactly(stem[: match.start()], None, int(match[1]))
        return None if answer and answer.request.startswith("/var/") else answer

    def _filled(self, stem: str, at: Moment | None) -> Answer | None:
        for named in self._named:
            if stem.startswith(named.begins) and (match := _expression(named.name).match(stem)):
                of = {
                    key: text.replace("_", " ") if key == "options" else text for key, text in match.groupdict().items()
                }
                return Answer(named.request, _fill_in(named.request, of), of, at, None, named.sure)
        return None

    def by_content(self, base: str, head: Head) -> Answer | None:
        """Return what a file answers by its first 64 KiB; braces are filled from its name."""
        return self._by_look(self._look(_text(head())), base)

    def _look(self, text: str) -> list[str]:
        """Return the requests whose text this looks like: the one that shows itself first comes first."""
        looks = ((request, _compiled(look)) for request, look in self._looks.items())
        found = [(match.start(), request) for request, look in looks if (match := look.search(text))]
        return [request for _, request in sorted(found, key=lambda pair: pair[0])]

    def _by_look(self, seen: list[str], base: str) -> Answer | None:
        if not seen:
            return None
        request = seen[0]
        stem, at = list(_stems(base))[-1]
        known = "[._]".join(re.escape(part) for part in request.partition("{")[0].strip("/").split("/"))
        if re.match(r"(?:proc|sys)[._]", stem) and not re.match(known, stem):
            return None  # another file of the kernel's, whatever it resembles: proc_net_dev_snmp6_eth0
        of = dict.fromkeys(_BRACE.findall(request), _without_program(stem, request))
        return Answer(request, _fill_in(request, of), of, at, None, sure=False)

    def wants(self, path: str) -> bool:
        """Return whether a file might answer something by its name, or be what a link of a proper name leads to."""
        return bool(self._tails.search(path) or self.by_path(path) or self.by_name(path.rpartition("/")[2]))


def mangled(command: str) -> str:
    """Return the file name that sosreport gives to a command's output; braces are kept as they are."""
    parts = re.split(r"(\{\w+\})", command)
    return "".join(p if p.startswith("{") else re.sub(r"[^\w\-./]+", "_", p).replace("/", ".") for p in parts)


def _text(head: bytes) -> str:
    return head[:HEAD].decode("utf-8", "replace").replace("\r\n", "\n").replace(NBSP, " ")


def _stems(base: str) -> Iterator[tuple[str, Moment | None]]:
    """Yield a name as it is, then without what people add to it: text suffixes, the moment of a sample."""
    stem = re.sub(r"\s+", "_", base).lstrip("_.")
    yield stem, None
    while suffix := _SUFFIX.search(stem):
        stem = stem[: suffix.start()]
        yield stem, None
    if match := _SAMPLE.search(stem):
        yield stem[: match.start()], Moment(round(float(match[1]) * SECOND), "relative")
    elif match := _STAMP.search(stem):
        moment = stamp(match[1])
        if moment:
            yield stem[: match.start()], moment


def _tail(request: str) -> str:
    """Return the expression of a path's last parts, from the last one that is not all brace."""
    parts = request.strip("/").split("/")
    start = next((i for i in reversed(range(len(parts))) if not _BRACE.fullmatch(parts[i])), 0)
    return "/".join(re.escape(_BRACE.sub("\0", part)).replace("\0", "[^/]+") for part in parts[start:])


def _flattened(request: str) -> Iterator[tuple[str, bool]]:
    """Yield the names of a path whose slashes were replaced, whole or from a later part on; the last part is unsure.

    A brace at the end fits so much that three parts must be named for it.
    """
    parts = request.strip("/").split("/")
    for start in range(len(parts)):
        rest = parts[start:]
        if any(_BRACE.search(part) for part in parts[: start + 1]) or (
            _BRACE.search(rest[-1]) and len(rest) < BRACE_PARTS
        ):
            return
        for separator in ("_", "."):
            yield separator.join(rest), len(rest) > 1


def _only_program(request: str) -> bool:
    """Whether a command is a program's name and a brace, as any output of that program might be called."""
    words = request.split()
    return not request.startswith("/") and len(words) == 2 and words[1].startswith("{") and words[1] != OPTIONS  # noqa: PLR2004 - both


@lru_cache(maxsize=512)
def _compiled(look: str) -> "re.Pattern[str]":
    """Compile what a text looks like when the first text is looked at: there are a hundred, and most runs need none."""
    return re.compile(look, re.MULTILINE)


@lru_cache(maxsize=512)
def _expression(name: str) -> "re.Pattern[str]":
    """Return the expression of a file name; only what fills `{options}` may be options or be followed by some."""
    text = ""
    for index, part in enumerate(_BRACE.split(name)):
        value = "-.+?" if f"{{{part}}}" == OPTIONS else r"(?![-_.])(?:(?!_-).)+?"
        text += f"(?P<{part}>{value})" if index % 2 else re.escape(part)
    return re.compile(rf"\A{text}\Z")


def _fill_in(request: str, of: dict[str, str]) -> str:
    return _BRACE.sub(lambda match: of.get(match[1], ""), request)


def _without_program(stem: str, request: str) -> str:
    """Return what a file's name says besides the command: `ethtool_-S_eth0` is `eth0`."""
    rest = stem
    for word in re.split(r"[\s/]+", _BRACE.sub("", request).strip("/ ")):
        rest = re.sub(rf"\A-*{re.escape(word.lstrip('-'))}(?:[_. -]+|\Z)", "", rest)
    return rest or stem
