"""Makes the large inputs: a StarOS syslog and a support capture of any size, of the published formats."""

import random
from collections.abc import Iterator
from pathlib import Path

EXAMPLE = Path(__file__).parent.parent / "examples" / "staros-kni.txt"

NOISE = (
    "2023-Nov-16+09:{m:02d}:{s:02d}.{ms:03d} [egtpmgr 143137 info] [6/0/12364 <egtpegmgr:3> egtpmgr_pm.c:905] [context: mme_ctx, contextID: 3] [software internal system critical-info syslog] context: mme_ctx, service : mme_svc_egtp, number {n}, recovery counter unchanged",
    "2023-Nov-16+09:{m:02d}:{s:02d}.{ms:03d} [sessmgr 10699 warning] [7/0/9431 <sessmgr:{c}> sessmgr_func.c:12345] [software internal system syslog] callid {n:08x} is released by the peer before its timer ran out, nothing to do about it",
    "2023-Nov-16+09:{m:02d}:{s:02d}.{ms:03d} [cli 30005 info] [8/0/609 cli:8000609 _commands_cli.c:1290] [software internal system] CLI session {n} ended for the user of the other console",
)
KNI = "2023-Nov-16+09:{m:02d}:{s:02d}.{ms:03d} [iftask 214701 error] [1/0/9602 <evlogd:0> evlgd_syslogd.c:236] [software internal system syslog] CPU[3/0]: Nov 16 14:{m:02d}:{s:02d} iftask[7387]: KNI: Out of memory, kni port cpbond0, socket_id=0, total={total}, iter=27"


def syslog(path: Path, megabytes: int, kni_share: float, seed: int = 1) -> int:
    """Write a syslog of about that size, that share of its lines KNI lines; return how many of these there are."""
    generator = random.Random(seed)
    written, events, number = 0, 0, 0
    with path.open("w", encoding="ascii") as file:
        while written < megabytes * 1_000_000:
            number += 1
            stamp = {"m": number // 60000 % 60, "s": number // 1000 % 60, "ms": number % 1000}
            if generator.random() < kni_share:
                events += 1
                total = (events * 5000) % 2**32
                line = KNI.format(total=total - 2**32 if total >= 2**31 else total, **stamp)
            else:
                line = NOISE[number % len(NOISE)].format(n=generator.randrange(2**32), c=number % 60, **stamp)
            written += file.write(line + "\n")
    return events


def support_capture(path: Path, example: Path, megabytes: int, seed: int = 1) -> None:
    """Write a support capture: the example's own tables among many other sections of other commands."""
    generator = random.Random(seed)
    tables = example.read_text(encoding="utf-8")
    written = 0
    with path.open("w", encoding="utf-8") as file:
        half = megabytes * 500_000
        while written < half:
            written += file.write(_other(generator))
        written += file.write(tables + "\n")
        while written < 2 * half:
            written += file.write(_other(generator))


def controlplane(rows: int, seed: int = 1) -> str:
    """Return the text of a `show cloud monitor controlplane` with that many rows."""
    return "\n".join(("Tuesday October 24 11:24:22 EDT 2023", *_HEAD, *_rows(random.Random(seed), rows))) + "\n"


_HEAD = (
    "",
    "  Cards      15 Second Interval     5 Minute Interval    60 Minute Interval",
    " Src  Dst    Xmit   Recv  Miss%    Xmit   Recv  Miss%    Xmit   Recv  Miss%",
    " ---  ---  ------ ------ ------  ------ ------ ------  ------ ------ ------",
)


def _rows(generator: random.Random, rows: int) -> Iterator[str]:
    for number in range(rows):
        parts = []
        for sent in (75, 1500, 18000):
            received = sent - (generator.randrange(sent // 8) if number % 3 == 0 else 0)
            parts.append(f"{sent:7d} {received:6d} {100 * (sent - received) / sent:5.1f}%")
        yield f"  {number // 98 + 1:02d}   {number % 98 + 1:02d} " + " ".join(parts)


def _other(generator: random.Random) -> str:
    name = generator.choice(
        (
            "show task resources",
            "show port table",
            "show configuration",
            "show crash list",
            "show npu utilization table",
        )
    )
    lines = [f"******** {name} ******* ", "Tuesday October 24 11:20:01 EDT 2023"]
    lines += [
        f" {generator.randrange(12)}/0 sessmgr {generator.randrange(500):4d} {generator.random() * 100:5.1f}% 50% {generator.random() * 900:6.1f}M 1.20G {generator.randrange(3000):5d} -- - good"
        for _ in range(4000)
    ]
    return "\n".join(lines) + "\n"
