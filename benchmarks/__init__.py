"""Every figure the documentation quotes, measured beside the peer it is compared with.

`python -m benchmarks` runs all of them, `python -m benchmarks kni_syslog` one. Each comparison runs both sides in turn in
one process tree and prints the median of each and of their ratio: absolute times depend on the machine.
"""
