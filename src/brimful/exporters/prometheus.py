"""What is known of hosts as metrics for Prometheus: NICs, losses by stage, verdicts, time to overflow, and itself.

The text is made by prometheus-client. Label sets are bounded: sockets are summed by protocol, except those that a
verdict names; processes and cgroups are no labels.
"""

import time
from collections.abc import Iterable, Iterator
from threading import Lock

from prometheus_client import CollectorRegistry, Metric, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from brimful import __version__
from brimful.chain.meaning import MEANINGS
from brimful.evidence.fill import filled
from brimful.exporters.series import NIC, bounded
from brimful.exporters.totals import Totals
from brimful.judge import Outcome
from brimful.sampler import Cost, Tabular
from brimful.watched import Watched


class Target(Watched):
    """What is watched of one host or network namespace, and what is added up of it."""

    def __init__(self, root: Tabular, netns: str, *, every_s: float, parts: int) -> None:
        super().__init__(root, every_s=every_s, parts=parts)
        self.netns = netns
        self.totals = Totals(self.evidence)
        self.succeeded: dict[str, bool] = {}
        self.levels: dict[tuple[str, str], float] = {}
        self.sweep_s = 0.0

    def sweep(self) -> None:
        """Read what is due (the first two times everything), add it up, and ask the judge if need be."""
        began = time.monotonic()
        before = {cost.source: (cost.reads, cost.failures) for cost in self.sampler.costs}
        super().sweep()
        for cost in self.sampler.costs:
            reads, failures = before[cost.source]
            if cost.reads > reads:
                self.succeeded[cost.source] = cost.failures == failures
        if self.ask(moved=self.totals.update()):
            self.levels = {}
            for reading, limit in filled(self.evidence):
                stage = MEANINGS[reading.series.meaning].stage.name
                key = stage, bounded(stage, reading.series.place)
                self.levels[key] = max(self.levels.get(key, 0.0), reading.last / limit)
        self.sweep_s = time.monotonic() - began


class Collector:
    """Gives prometheus-client the metrics of several hosts. One thread may sweep while others scrape."""

    def __init__(self, roots: Iterable[tuple[Tabular, str]], *, every_s: float = 1.0) -> None:
        named = list(roots)
        self.watched = [Target(root, name, every_s=every_s, parts=len(named)) for root, name in named]
        self._lock = Lock()
        self._labels: dict[tuple[str, str], dict[str, str]] = {}
        self.registry = CollectorRegistry()
        self.registry.register(self)
        ProcessCollector(registry=self.registry)

    def sweep(self) -> None:
        """Read every host once."""
        with self._lock:
            for watched in self.watched:
                watched.sweep()

    def text(self) -> bytes:
        """Return all metrics as text."""
        return generate_latest(self.registry)

    def describe(self) -> list[Metric]:
        """Name nothing beforehand: to register must not read anything."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield every metric."""
        with self._lock:
            yield _gauge("brimful_build_info", "version of brimful", ("version",), [((__version__,), 1)])
            yield from self._nics()
            yield from self._losses()
            yield from self._judged()
            yield from self._own()

    def _nics(self) -> Iterator[Metric]:
        """Yield what is counted of each NIC: many samples, so labels are made once and samples added without a check."""
        families = {one.meaning: Metric(one.name, one.text, "counter" if one.is_counter else "gauge") for one in NIC}
        names = {one.meaning: f"{one.name}_total" if one.is_counter else one.name for one in NIC}
        labels: dict[tuple[str, str], dict[str, str]] = {}
        for watched in self.watched:
            for meaning, interface, value in watched.totals.nics(watched.read_s):
                key = interface, watched.netns
                known = labels.get(key)
                if known is None:
                    known = self._labels.get(key) or {"interface": interface, "netns": watched.netns}
                    labels[key] = known
                families[meaning].add_sample(names[meaning], known, value)
        self._labels = labels
        yield from (family for family in families.values() if family.samples)

    def _losses(self) -> Iterator[Metric]:
        text = "what was lost by kind of loss; several kinds may count the same packets, so do not add them up"
        family = CounterMetricFamily("brimful_lost", text, labels=("stage", "event", "place", "unit", "netns"))
        for watched in self.watched:
            for name, place, value in watched.totals.losses():
                meaning = MEANINGS[name]
                event = name.rpartition(".")[2]
                family.add_metric((meaning.stage.name, event, place, meaning.unit, watched.netns), value)
        yield family

    def _judged(self) -> Iterator[Metric]:
        where = ("stage", "place", "netns")
        outcome = GaugeMetricFamily("brimful_outcome", "1 for the outcome that is so now", labels=("outcome", "netns"))
        verdict = GaugeMetricFamily(
            "brimful_verdict", "1 for each verdict that holds now", labels=("owner", *where, "confidence")
        )
        ahead = GaugeMetricFamily(
            "brimful_overflow_seconds", "seconds until a buffer that fills is full if it goes on", labels=where
        )
        level = GaugeMetricFamily("brimful_buffer_fill_ratio", "how full the fullest buffer is", labels=where)
        judged = CounterMetricFamily("brimful_judge_answers", "how often the judge was asked", labels=("netns",))
        spent = CounterMetricFamily("brimful_judge_cpu_seconds", "CPU time of the judge", labels=("netns",))
        for watched in self.watched:
            netns = watched.netns
            judgement = watched.opinion.judgement
            for one in Outcome:
                outcome.add_metric((one, netns), float(judgement is not None and judgement.outcome is one))
            for key in dict.fromkeys(
                (v.owner, v.stage, v.place, v.confidence) for v in (judgement.verdicts if judgement else ())
            ):
                verdict.add_metric((*key[:3], netns, key[3]), 1)
            soonest: dict[tuple[str, str], float] = {}
            for forecast in watched.opinion.forecasts:
                soonest.setdefault((forecast.stage, bounded(forecast.stage, forecast.place)), forecast.seconds)
            for (stage, place), seconds in soonest.items():
                ahead.add_metric((stage, place, netns), seconds)
            for (stage, place), share in watched.levels.items():
                level.add_metric((stage, place, netns), share)
            judged.add_metric((netns,), watched.opinion.answers)
            spent.add_metric((netns,), watched.opinion.cpu_s)
        yield from (outcome, verdict, ahead, level, judged, spent)

    def _own(self) -> Iterator[Metric]:
        costs = [(watched, cost) for watched in self.watched for cost in watched.sampler.costs]
        labels = ("source", "netns")
        yield _gauge(
            "brimful_source_success",
            "1 if a source could be read the last time",
            labels,
            [((c.source, w.netns), float(w.succeeded[c.source])) for w, c in costs if c.source in w.succeeded],
        )
        for name, text, of in OF_SOURCES:
            rows = [((cost.source, watched.netns), float(getattr(cost, of))) for watched, cost in costs]
            make = _counter if name.endswith("_total") else _gauge
            yield make(name, text, labels, rows)
        each = [((watched.netns,), watched) for watched in self.watched]
        yield _counter("brimful_sweeps_total", "sweeps", ("netns",), [(key, w.sampler.sweeps) for key, w in each])
        yield _counter(
            "brimful_unread_lines_total",
            "lines that could not be read",
            ("netns",),
            [(key, w.sampler.unread) for key, w in each],
        )
        yield _gauge(
            "brimful_sweep_duration_seconds",
            "how long the last sweep took, judge and all",
            ("netns",),
            [(key, w.sweep_s) for key, w in each],
        )
        yield _gauge(
            "brimful_not_seen_things",
            "things that could not be seen, for want of a right or of a counter",
            ("netns",),
            [(key, len(w.evidence.blind)) for key, w in each],
        )


OF_SOURCES = (
    ("brimful_source_duration_seconds", "how long a source took to read the last time", "last_s"),
    ("brimful_source_period_seconds", "how often a source is read: what costs much, less often", "period_s"),
    ("brimful_source_cpu_seconds_total", "CPU time a source has taken", "cpu_s"),
    ("brimful_source_reads_total", "how often a source was read", "reads"),
    ("brimful_source_late_reads_total", "how often a source was read later than planned", "late"),
    ("brimful_source_failures_total", "how often a source could not be read", "failures"),
    ("brimful_source_samples_total", "numbers that a source gave", "samples"),
)
"""Metrics of each source: name, text and the field of its cost."""

assert all(of in Cost.__struct_fields__ for _, _, of in OF_SOURCES)  # noqa: S101 - names that no type checker sees

Rows = Iterable[tuple[tuple[str, ...], float]]


def _gauge(name: str, text: str, labels: tuple[str, ...], rows: Rows) -> Metric:
    family = GaugeMetricFamily(name, text, labels=labels)
    for values, value in rows:
        family.add_metric(values, value)
    return family


def _counter(name: str, text: str, labels: tuple[str, ...], rows: Rows) -> Metric:
    family = CounterMetricFamily(name.removesuffix("_total"), text, labels=labels)
    for values, value in rows:
        family.add_metric(values, value)
    return family
