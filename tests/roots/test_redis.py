import json
import re
import sys
import time

import pytest

pytest.importorskip("redis", reason="the extra `sonic` is not installed")

from tests.redis_server import captured, database, fill, serving

from brimful.cli import diagnose as command
from brimful.cli.diagnose import diagnose
from brimful.cli.report import as_json
from brimful.collect import gather
from brimful.roots import redis
from brimful.roots.base import Unusable
from brimful.roots.redis import RedisRoot, is_redis

COUNTERS = "sonic-db-dump -n COUNTERS_DB -y"
CONFIG = "sonic-db-dump -n CONFIG_DB -y"
QUEUE_2 = "COUNTERS:oid:0x15000000000359"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("redis")) as path:
        yield path


@pytest.fixture
def switch(server):
    """A server that holds the tables of a switch."""
    for name, source in (("COUNTERS_DB", "sonic_counters/queues"), ("CONFIG_DB", "sonic_config/buffers")):
        database(server, name).flushdb()
        fill(server, name, captured(*source.split("/"), f"{name}.json"))
    return server


def test_what_is_a_server_and_what_is_a_path():
    assert is_redis("redis:")
    assert is_redis("redis:/run/redis.sock")
    assert is_redis("redis://host")
    assert not is_redis("redis.sock")


def test_a_switch_says_who_it_is(switch):
    root = RedisRoot(f"redis:{switch}")
    assert (root.name, root.kind, root.path) == ("sonic-switch", "redis", f"redis:{switch}")
    assert root.identity == "sonic-switch 1d:34:db:16:a6:00"
    assert root.answers(COUNTERS)
    assert not root.answers("/proc/net/snmp")
    assert list(root.documents("/proc/net/snmp")) == []
    assert (root.tables(COUNTERS), root.interfaces(), root.blind()) == (None, (), [])


def test_tables_are_in_the_form_of_a_dump(switch):
    (document,) = RedisRoot(f"redis:{switch}").documents(COUNTERS)
    found = json.loads(bytes(document.data))
    assert found["COUNTERS_BUFFER_POOL_NAME_MAP"] == {
        "type": "hash",
        "value": {
            "egress_lossless_pool": "oid:0x18000000000b64",
            "egress_lossy_pool": "oid:0x18000000000b65",
            "ingress_lossless_pool": "oid:0x18000000000b66",
        },
    }
    assert found[QUEUE_2]["value"]["SAI_QUEUE_STAT_DROPPED_PACKETS"] == "39"
    assert document.at.monotonic_ns is not None
    # other tables are of no use here
    assert not [key for key in found if key.startswith(("CRM", "RATES"))]


def test_live_and_saved_say_the_same(switch, tmp_path):
    dump = tmp_path / "dump"
    dump.mkdir()
    for name, source in (("COUNTERS_DB", "sonic_counters/queues"), ("CONFIG_DB", "sonic_config/buffers")):
        (dump / f"{name}.json").write_text(json.dumps(captured(*source.split("/"), f"{name}.json"), indent=2))
    live = gather([RedisRoot(f"redis:{switch}")])
    (saved,) = diagnose((str(dump),))

    def values(evidence):
        return {reading.series: reading.last for reading in evidence.all_readings()}

    assert len(values(live)) > 700
    assert values(live) == values(saved.evidence)
    assert {(f.place, f.value) for f in live.facts("switch.queue.watchdog")} == {
        (f.place, f.value) for f in saved.evidence.facts("switch.queue.watchdog")
    }


def verdict(machines):
    """Return what is concluded, without the times and the lines."""
    report = json.loads(as_json(machines))
    for finding in (*report["verdicts"], *report["open"]):
        finding["because"] = [(re.sub(r"in [0-9.]+ s", "", one["text"]), one["value"]) for one in finding["because"]]
        for name in ("root", "against", "doubts", "window", "statement"):
            finding.pop(name, None)
    losses = {
        (loss["stage"], loss["place"], loss["meaning"], loss["lost"], loss["counter"]) for loss in report["losses"]
    }
    return report["outcome"], report["verdicts"], report["open"], losses


def test_drops_between_two_reads_have_the_same_verdict_live_and_saved(switch, tmp_path):
    """The saved form is what `show techsupport` keeps: two samples and their times."""
    dump = tmp_path / "sonic_dump_switch" / "dump"
    dump.mkdir(parents=True)
    before = captured("sonic_counters", "queues", "COUNTERS_DB.json")
    after = json.loads(json.dumps(before))
    after[QUEUE_2]["SAI_QUEUE_STAT_DROPPED_PACKETS"] = str(39 + 5000)
    for number, tables in ((1, before), (2, after)):
        (dump / f"COUNTERS_DB_{number}.json").write_text(json.dumps(tables, indent=2))
        (dump / f"date.counter_{number}").write_text(f"21/11/2026 15:48:{10 * number}:500000\n")
    (dump / "CONFIG_DB.json").write_text(json.dumps(captured("sonic_config", "buffers", "CONFIG_DB.json")))

    def between(count, *_, **__):
        yield 0
        database(switch, "COUNTERS_DB").hincrby(QUEUE_2, "SAI_QUEUE_STAT_DROPPED_PACKETS", 5000)
        time.sleep(0.05)
        yield count - 1

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(command, "beats", between)
        live = diagnose((f"redis:{switch}",), seconds=1)
    saved = diagnose((str(tmp_path / "sonic_dump_switch"),))
    assert verdict(live) == verdict(saved)
    assert (
        "switch.queue",
        "Ethernet0/queue 2",
        "switch.queue.dropped",
        5000,
        "SAI_QUEUE_STAT_DROPPED_PACKETS",
    ) in verdict(live)[3]
    (reading,) = [
        one
        for one in saved[0].evidence.readings("switch.queue.dropped", place="Ethernet0/queue 2")
        if one.series.place == "Ethernet0/queue 2" and one.delta
    ]
    assert reading.seconds == 10.0


def test_counters_that_were_not_polled_meanwhile_are_told(switch):
    (machine,) = diagnose((f"redis:{switch}",), seconds=0.2)
    assert any(
        blind.why == "the switch did not poll them twice in the time watched: whether they move is not known"
        for blind in machine.evidence.blind
    )


def test_a_key_that_is_no_table_is_left_out(switch):
    database(switch, "COUNTERS_DB").set("COUNTERS:oid:0x99", "text")
    root = RedisRoot(f"redis:{switch}")
    (document,) = root.documents(COUNTERS)
    assert "COUNTERS:oid:0x99" not in json.loads(bytes(document.data))
    assert root.blind() == []


def test_of_too_many_keys_the_rest_is_not_read(switch, monkeypatch):
    monkeypatch.setattr(redis, "MOST_KEYS", 5)
    root = RedisRoot(f"redis:{switch}")
    (document,) = root.documents(COUNTERS)
    assert len(json.loads(bytes(document.data))) == 5
    assert [blind.why for blind in root.blind()] == ["holds more than 5 keys: the rest was not read"]


def test_bytes_that_are_no_text_are_replaced(switch):
    database(switch, "COUNTERS_DB").hset(b"COUNTERS:oid:0x98", mapping={b"a": b"\xff"})
    (document,) = RedisRoot(f"redis:{switch}").documents(COUNTERS)
    assert json.loads(bytes(document.data))["COUNTERS:oid:0x98"]["value"] == {"a": "\N{REPLACEMENT CHARACTER}"}


def test_nothing_is_written(switch):
    def state():
        return {
            (name, key): database(switch, name).dump(key)
            for name in ("COUNTERS_DB", "CONFIG_DB")
            for key in database(switch, name).scan_iter()
        }

    before = state()
    diagnose((f"redis:{switch}",), seconds=0.2)
    assert state() == before


def test_a_server_that_went_away_is_a_blind_spot(tmp_path):
    with serving(tmp_path) as path:
        root = RedisRoot(f"redis:{path}")
        assert root.name == f"redis:{path}"
        assert root.identity == ""
    assert list(root.documents(CONFIG)) == []
    (blind,) = root.blind()
    assert blind.what == f"redis:{path} {CONFIG}"


def test_a_password_is_used_and_never_shown(tmp_path):
    with serving(tmp_path, "--requirepass", "s3cret", "--port", "26379", "--bind", "127.0.0.1"):
        root = RedisRoot("redis://:s3cret@127.0.0.1:26379")
        assert root.path == "redis://127.0.0.1:26379"
        assert len(list(root.documents(CONFIG))) == 1
        (document,) = root.documents(CONFIG)
        assert document.at.monotonic_ns is None
        with pytest.raises(Unusable, match="Authentication required"):
            RedisRoot("redis://127.0.0.1:26379")


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("redis:/nowhere/redis.sock", "redis:/nowhere/redis.sock: .*No such file"),
        ("redis://127.0.0.1:1", "redis://127.0.0.1:1: .*refused"),
        ("redis://", "expected redis:/path/of.sock or redis://host:port"),
        ("redis://host:port", "redis: Port could not be cast"),
        ("redis://host/2", "expected redis:"),
    ],
)
def test_what_cannot_be_used_is_one_line(place, why):
    with pytest.raises(Unusable, match=why) as refusal:
        RedisRoot(place)
    assert "\n" not in str(refusal.value)


def test_without_the_client_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(Unusable, match=r"redis:/x: needs the redis client: pip install 'brimful\[sonic\]'"):
        RedisRoot("redis:/x")


def test_a_switch_and_saved_files_are_read_together(switch, tmp_path):
    (tmp_path / "CONFIG_DB.json").write_text('{"BUFFER_POOL|p": {"size": "1"}}')
    machines = diagnose((str(tmp_path / "CONFIG_DB.json"), f"redis:{switch}"), seconds=0.2)
    assert [machine.roots[0].kind for machine in machines] == ["file", "redis"]
