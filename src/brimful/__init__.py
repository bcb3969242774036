"""brimful: which buffer overflowed, whose fault it is and what to do."""

__version__ = "0.1.0"
