"""Fill in the outputs that pages show: `python docs/outputs.py`.

What stands between `<!-- output of: COMMAND -->` and `<!-- end of output -->` is what the command prints, 100 columns
wide and without trailing blanks; with `COMMAND | head -N`, its first N lines. What stands between `<!-- table of: MODULE -->` and `<!-- end of table -->`
is what `python -m MODULE` prints. A test keeps both equal.
"""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
SHOWN = re.compile(
    r"(<!-- output of: (brimful [^|\n]+?)(?: \| head -(\d+))? -->\n```\w*\n).*?(```\n<!-- end of output -->)", re.DOTALL
)
TABLES = re.compile(r"(<!-- table of: ([\w.]+) -->\n\n).*?(<!-- end of table -->)", re.DOTALL)
USABLE = (0, 1, 3)


def pages() -> list[Path]:
    """Return every page that may show an output."""
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def output(command: str, lines: int | None = None) -> str:
    """Return what `python -m COMMAND` prints; `RuntimeError` when it refuses its input."""
    environment = {**os.environ, "COLUMNS": "100", "LC_ALL": "C.UTF-8"}
    argv = [sys.executable, "-m", *shlex.split(command)]
    done = subprocess.run(argv, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    if done.returncode not in USABLE:
        raise RuntimeError(f"{command}: {done.stderr.strip()}")
    printed = [line.rstrip() for line in done.stdout.strip("\n").split("\n")]
    return "".join(f"{line}\n" for line in printed[:lines])


def filled(text: str) -> str:
    """Return a page with every output as it is now."""

    def fill(match: re.Match[str]) -> str:
        return match[1] + output(match[2], int(match[3]) if match[3] else None) + match[4]

    return TABLES.sub(lambda match: f"{match[1]}{output(match[2])}\n{match[3]}", SHOWN.sub(fill, text))


def main() -> None:
    """Write every page."""
    for page in pages():
        text = page.read_text(encoding="utf-8")
        new = filled(text)
        if new != text:
            page.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main()
