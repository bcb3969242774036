"""The closed vocabulary of what a number, an event or a fact can mean, whatever its raw name was.

A meaning is `stage.event`. Counter names are from the kernel and the drivers; these are ours, so that a rule is
written once. The raw name travels with the series and its origin.
"""

from brimful.chain.meanings import dataplane, egress, machine, network, nic, protocol, shared, socket
from brimful.chain.word import Meaning

_PARTS = (network, nic, machine, protocol, socket, egress, shared, dataplane)

MEANINGS: dict[str, Meaning] = {meaning.name: meaning for part in _PARTS for meaning in part.ALL}
