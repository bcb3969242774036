"""Numbers as a narrow column shows them."""

from brimful.evidence.forecast import Forecast
from brimful.evidence.moment import spoken

BAR = 8
BLOCKS = "▁▂▃▄▅▆▇█"
ASCII_BLOCKS = "._-=+*%#"
NARROW_S = 120


def per_second(rate: float) -> str:
    """Return a rate in at most five characters: `3.2`, `850`, `12.3k`; nothing for nothing."""
    if rate < 0.05:  # noqa: PLR2004 - what would be 0.0
        return "<0.1" if rate > 0 else ""
    for unit in ("", "k", "M", "G"):
        if rate < 999.5:  # noqa: PLR2004 - 1000 once it is rounded
            digits = 0 if rate >= 99.95 or (not unit and rate >= 9.95) else 1  # noqa: PLR2004 - three digits at most
            return f"{rate:.{digits}f}{unit}"
        rate /= 1000
    return ">999G"


def bar(share: float | None) -> str:
    """Return `######..  75%`; blanks where nothing is known."""
    if share is None:
        return " " * (BAR + 5)
    filled = max(0, min(BAR, round(BAR * share)))
    return f"{'#' * filled}{'.' * (BAR - filled)} {min(999, 100 * share):3.0f}%"


def ahead(forecast: Forecast | None) -> str:
    """Return how long until a buffer is full, with its range: `12 s (10 to 14 s)`."""
    if forecast is None:
        return ""
    low, high = _time(forecast.seconds_low), _time(forecast.seconds_high)
    number, unit = low.split(" ")
    short = number if high.endswith(f" {unit}") else low
    return f"{_time(forecast.seconds)} ({short} to {high})"


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < NARROW_S else spoken(seconds)


def spark(cells: list[float], *, blocks: str = BLOCKS) -> str:
    """Return a line of blocks, each as high as its part of the largest; a blank where nothing was counted."""
    most = max(cells, default=0.0)
    if not most:
        return " " * len(cells)
    top = len(blocks) - 1
    return "".join(blocks[round(top * cell / most)] if cell else " " for cell in cells)
