"""What is known of network drivers: the meaning of each one's counters, as data."""
