"""Coverage-guided fuzzing of all that reads StarOS captures: `python -m tests.fuzz.staros -max_total_time=60`.

No bytes may raise, hang, or lose a byte between sections. Starts from the examples; arguments are those of libFuzzer.
"""

import sys
from pathlib import Path

from brimful.evidence.evidence import Evidence
from brimful.roots.staros import StarosRoot, looks_like_staros
from brimful.sources import SOURCES

EXAMPLES = Path(__file__).parents[2] / "examples"
READERS = ("session_recovery", "di_network", "controlplane", "dataplane", "iftask", "kni_log", "gtpc_log")


def check(data: bytes) -> None:
    """Read one input as a capture, in every way there is."""
    looks_like_staros(data)
    covered = 0
    for root in StarosRoot.split("fuzz", "fuzz", data):
        covered += sum(document.end - document.start for document in root.documents("log"))
        evidence = Evidence(
            item
            for name in READERS
            for document in root.documents(SOURCES[name].requests[0])
            for item in SOURCES[name](document)
        )
        for reading in evidence.all_readings():
            if reading.origin.file != "fuzz":
                raise AssertionError(f"{reading.series} comes from nowhere")
    if covered > len(data):
        raise AssertionError(f"{covered} of {len(data)} bytes read")


def main() -> None:
    """Run libFuzzer over `check`."""
    import atheris  # noqa: PLC0415 - installed for fuzzing only

    atheris.instrument_all()
    # as seeds, not as a corpus folder: libFuzzer writes what it finds into that
    seeds = ",".join(str(path) for path in sorted(EXAMPLES.glob("staros-*.txt")))
    atheris.Setup([*sys.argv, f"-seed_inputs={seeds}"], lambda data: check(bytes(data)))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
