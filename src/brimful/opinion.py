"""What the judge says of a watch: asked when something moved, and no more often than its share of a CPU allows."""

import time
from collections.abc import Callable

from brimful.evidence.evidence import Evidence
from brimful.evidence.forecast import Forecast, forecasts
from brimful.judge import Judgement, Outcome, judge

SHARE = 0.01
"""Of one CPU: what the judge may take while nothing is lost."""
HURRIED = 5
"""While something is lost it may take this many times as much."""
LATEST_S = 10.0
"""It is asked again at least so often, if its cost allows: what was lost passes out of the window."""


class Opinion:
    """The judge's latest word on one host or namespace, and what will overflow if it goes on.

    Ask it after the second sweep for the first time: of a single one, it would judge what was lost long ago.
    """

    def __init__(
        self,
        evidence: Evidence,
        *,
        share: float = SHARE,
        clock: Callable[[], float] = time.monotonic,
        cpu: Callable[[], float] = time.thread_time,
    ) -> None:
        self.judgement: Judgement | None = None
        self.forecasts: list[Forecast] = []
        self.asked_s = 0.0
        self.answers = 0
        self.cost_s = 0.0
        self.cpu_s = 0.0
        self._evidence = evidence
        self._share = share
        self._clock = clock
        self._cpu = cpu

    def ask(self, *, moved: bool) -> bool:
        """Ask the judge if there is something new and its share of the CPU allows; tell whether it was asked."""
        now = self._clock()
        if self.judgement is not None and now < self._due(moved=moved):
            return False
        began = self._cpu()
        self.judgement = judge(self._evidence)
        self.forecasts = forecasts(self._evidence)
        self.cost_s = self._cpu() - began
        self.cpu_s += self.cost_s
        self.asked_s = now
        self.answers += 1
        return True

    def _due(self, *, moved: bool) -> float:
        healthy = not moved and self.judgement is not None and self.judgement.outcome is Outcome.HEALTHY
        share = self._share if healthy else self._share * HURRIED
        return self.asked_s + max(self.cost_s / share, 0.0 if moved else LATEST_S)
