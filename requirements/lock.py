"""Pin the newest versions of every dependency with their hashes, without naming an index."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
GROUPS = ("run", "dev", "docs", "bench", "fuzz")


def lock(group: str) -> None:
    """Write requirements/<group>.txt: the package's own dependencies together with one group of pyproject.toml."""
    command = [
        sys.executable,
        "-m",
        "uv",
        "pip",
        "compile",
        "--universal",
        "--python-version=3.11",
        "--generate-hashes",
    ]
    command += ["--no-emit-index-url", "--no-emit-find-links", "--no-header", "--upgrade", "--quiet"]
    command += ["--group", group, "--output-file", str(HERE / f"{group}.txt"), str(HERE.parent / "pyproject.toml")]
    subprocess.run(command, check=True)  # noqa: S603 - a fixed command


for name in GROUPS:
    lock(name)
