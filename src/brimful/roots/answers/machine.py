"""What the machine says of itself: date, name, processors, kernel."""

import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime

from brimful.roots.answers import answer
from brimful.roots.base import Document
from brimful.roots.doors import Doors


@answer("date", everywhere=True)
def date(doors: Doors) -> Iterator[Document]:
    """Yield the time of day."""
    return doors.said("date", datetime.now(UTC).isoformat(timespec="seconds"))


@answer("hostname", everywhere=True)
def hostname(doors: Doors) -> Iterator[Document]:
    """Yield the name of the machine."""
    return doors.said("hostname", socket.gethostname())


@answer("nproc", everywhere=True)
def nproc(doors: Doors) -> Iterator[Document]:
    """Yield the number of processors."""
    return doors.said("nproc", str(os.cpu_count() or 1))


@answer("uname -a", everywhere=True)
def uname(doors: Doors) -> Iterator[Document]:
    """Yield all that the kernel says of itself."""
    name = os.uname()
    text = f"{name.sysname} {name.nodename} {name.release} {name.version} {name.machine} GNU/Linux"
    return doors.said("uname -a", text)


@answer("uname -r", everywhere=True)
def release(doors: Doors) -> Iterator[Document]:
    """Yield the release of the kernel."""
    return doors.said("uname -r", os.uname().release)
