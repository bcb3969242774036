"""Brings one fault about on the kernel it runs on. Bounded in time.

Usage: workload.py NAME SECONDS [--seed N] [--healthy] [--apart]. It runs in the network namespace it is started in, or
with --apart in one of its own. `--seed` varies rates, sizes, ports and limits; `--healthy` brings about the twin that
stays just below the limit. Prints `ready` once the fault is going on, ends by itself, and leaves nothing behind.
"""

import argparse
import importlib

from workloads.scene import Scene, die_with_parent, enter_new_namespace

MODULES = ("udp", "tcp", "egress", "programs", "tables", "cpu", "pairs", "quiet")


def find(name):
    """Return the workload of this name."""
    for module in MODULES:
        found = getattr(importlib.import_module(f"workloads.{module}"), name, None)
        if found is not None:
            return found
    raise SystemExit(f"no such workload: {name}")


def main():
    words = argparse.ArgumentParser()
    words.add_argument("name")
    words.add_argument("seconds", type=float)
    words.add_argument("--seed", type=int, default=0)
    words.add_argument("--healthy", action="store_true")
    words.add_argument("--apart", action="store_true")
    asked = words.parse_args()
    workload = find(asked.name)
    if asked.apart:
        die_with_parent()
        enter_new_namespace()
    scene = Scene(asked.name, asked.seed, asked.seconds, healthy=asked.healthy)
    try:
        workload(scene)
    finally:
        scene.end()


if __name__ == "__main__":
    main()
