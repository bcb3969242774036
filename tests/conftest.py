"""What holds for every test."""

from hypothesis import settings

# a shared machine may stall for longer than any deadline: time is measured in benchmarks/
settings.register_profile("brimful", deadline=None)
settings.load_profile("brimful")
