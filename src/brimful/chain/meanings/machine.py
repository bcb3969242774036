"""The machine: memory, CPUs."""

from brimful.chain.word import Kind, Meaning

ALL = (
    Meaning("host.memory.total", Kind.LIMIT, "bytes", "memory of the machine"),
    Meaning("host.memory.available", Kind.LEVEL, "bytes", "memory that can be had without swapping (MemAvailable)"),
    Meaning("host.memory.free", Kind.LEVEL, "bytes", "memory that is free (MemFree)"),
    Meaning(
        "host.memory.slab_unreclaimable", Kind.LEVEL, "bytes", "kernel memory that cannot be reclaimed (SUnreclaim)"
    ),
    Meaning(
        "host.memory.unaccounted",
        Kind.LEVEL,
        "bytes",
        "memory that no line of /proc/meminfo names: drivers' pages, leaks",
    ),
    Meaning("host.memory.cpu_lists", Kind.LEVEL, "bytes", "free pages on per-CPU lists, which MemFree leaves out"),
    Meaning("host.memory.stalled", Kind.TIME, "us", "time in which some task waited for memory (PSI)"),
    Meaning("host.memory.alloc_stalled", Kind.NEAR_MISS, "events", "allocations that had to wait for reclaim"),
    Meaning(
        "host.memory.compact_failed",
        Kind.NEAR_MISS,
        "events",
        "times no larger block of memory could be made: memory is in pieces",
    ),
    Meaning("host.memory.killed", Kind.NEAR_MISS, "events", "processes killed for want of memory"),
    Meaning("host.memory.refused", Kind.LOST, "packets", "packets dropped because the machine had no memory"),
)
