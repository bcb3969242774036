import json

import click
import pytest
from click.testing import CliRunner

from brimful.cli.size import ASKED, UNITS, Amount, Link, Span, command
from brimful.simulate.sizing import QUESTIONS

RINGS = """Ring parameters for eth0:
Pre-set maximums:
RX:\t\t4096
TX:\t\t4096
Current hardware settings:
RX:\t\t256
TX:\t\t256
"""
COALESCING = "Coalesce parameters for eth0:\nAdaptive RX: off  TX: off\nrx-usecs: 250\nrx-frames: 0\n"
SETTINGS = "Settings for eth0:\n\tSpeed: 1000Mb/s\n\tDuplex: Full\n"
DRIVER = "driver: igb\nversion: 6.1\nbus-info: 0000:01:00.0\n"
LSPCI = """00:1c.0 PCI bridge: A bridge
\t\tDevCtl:\tCorrErr- NonFatalErr- FatalErr- UnsupReq-
\t\t\tMaxPayload 128 bytes, MaxReadReq 512 bytes
\t\tLnkCap:\tPort #8, Speed 8GT/s, Width x4, ASPM L1
\t\tLnkSta:\tSpeed 2.5GT/s, Width x1
01:00.0 Ethernet controller: A card
\t\tDevCtl:\tCorrErr- NonFatalErr- FatalErr- UnsupReq-
\t\t\tMaxPayload 128 bytes, MaxReadReq 512 bytes
\t\tLnkCap:\tPort #0, Speed 5GT/s, Width x4, ASPM L1
\t\tLnkSta:\tSpeed 2.5GT/s, Width x1
"""


def link(packets):
    rx = {"bytes": packets * 60, "packets": packets, "errors": 0, "dropped": 0, "over_errors": 0, "multicast": 0}
    tx = {"bytes": 0, "packets": 0, "errors": 0, "dropped": 0}
    return json.dumps([{"ifindex": 2, "ifname": "eth0", "stats64": {"rx": rx, "tx": tx}}])


@pytest.fixture
def capture(tmp_path):
    folder = tmp_path / "host"
    folder.mkdir()
    (folder / "ethtool_-g_eth0").write_text(RINGS)
    (folder / "ethtool_-c_eth0").write_text(COALESCING)
    (folder / "ethtool_eth0").write_text(SETTINGS)
    (folder / "ethtool_-i_eth0").write_text(DRIVER)
    (folder / "lspci_-vvv").write_text(LSPCI)
    (folder / "ip_-j_-s_-s_link.0s").write_text(link(1000))
    (folder / "ip_-j_-s_-s_link.10s").write_text(link(9000))
    return folder


def run(*words):
    done = CliRunner().invoke(command, [str(word) for word in words])
    return done.exit_code, done.stdout, done.stderr


def answers(*words):
    _, out, _ = run("--json", *words)
    return {answer["question"]: answer for answer in json.loads(out)["answers"]}


def test_every_question_can_be_asked():
    assert tuple(QUESTIONS) == ASKED


def test_an_answer():
    code, out, err = run("poll", "--link-speed", "1G", "--frame-size", "64", "--ring", "2048")
    assert (code, err) == (0, "")
    assert out == (
        "poll      The ring must be polled each 1.376 ms at least, or frames find no descriptor.\n"
        "  formula   rate = link / (8 * (frame + 20)) = 1 Gb/s / (8 * (64 + 20)) = 1,488,095 frames/s\n"
        "  formula   interval = ring / rate = 2,048 / 1,488,095 = 1.376 ms\n"
        "  from      ring 2,048 descriptors: --ring\n"
        "  from      link-speed 1 Gb/s: --link-speed\n"
        "  from      frame-size 64 bytes: --frame-size\n"
        "  note      the NIC's FIFO is not counted: --fifo and --frame-size tell what it holds\n"
    )


def test_without_a_question_all_that_can_be_answered_are():
    code, out, _ = run("--rate", "1M", "--ring", "256")
    assert code == 0
    assert [line.split()[0] for line in out.split("\n") if line[:1].strip()] == [
        "stall",
        "poll",
        "ring",
        "slot",
        "buffer",
        "headroom",
    ]
    assert "ring      needs --stall or (--cost and --loss)" in out


def test_what_is_missing():
    code, out, err = run("ring", "--link-speed", "1G")
    assert (code, out) == (2, "")
    assert err == "brimful: ring needs (--stall or (--cost and --loss)) and (--rate or --frame-size)\n"
    assert run()[0] == 2


def test_no_size_will_do():
    code, out, _ = run("ring", "--rate", "1M", "--cost", "2us", "--loss", "0.001")
    assert code == 1
    assert out.startswith(
        "ring      No ring is large enough: at a load of 2 more than 0.001 is lost in any up to 65,536.\n"
    )


def test_every_input_has_an_option():
    options = {one.name for one in command.params}
    assert set(UNITS) <= options
    found = answers("headroom", "--pcie", "gen3x8", "--rate", "1M", "--frame-size", "64", "--payload", "128")
    assert [(item["name"], item["value"], item["source"]) for item in found["headroom"]["inputs"]] == [
        ("pcie-speed", 8.0, "--pcie"),
        ("lanes", 8, "--pcie"),
        ("frame-size", 64.0, "--frame-size"),
        ("rate", 1e6, "--rate"),
        ("payload", 128, "--payload"),
    ]


def test_from_a_capture(capture):
    found = answers("--from", capture, "--stall", "1ms")
    assert found["ring"]["value"] == 1489
    assert found["stall"]["value"] == pytest.approx(256 * 672e-9)
    assert "interrupt moderation (rx-usecs) of 250 us is longer than that" in found["poll"]["notes"]
    assert "800 frames a second came: 0.052 % of what it carries" in found["headroom"]["notes"]
    inputs = {item["name"]: (item["value"], item["source"]) for answer in found.values() for item in answer["inputs"]}
    assert inputs.pop("stall") == (1e-3, "--stall")
    assert {name: (value, source.rpartition("/")[2]) for name, (value, source) in inputs.items()} == {
        "link-speed": (1e9, "ethtool_eth0:2"),
        "frame-size": (64.0, "ip_-j_-s_-s_link.10s:1"),
        "seen-rate": (800.0, "ip_-j_-s_-s_link.10s:1"),
        "ring-maximum": (4096.0, "ethtool_-g_eth0:3"),
        "ring": (256.0, "ethtool_-g_eth0:6"),
        "moderation": (250e-6, "ethtool_-c_eth0:1"),
        "pcie-speed": (2.5, "lspci_-vvv:10"),
        "lanes": (1.0, "lspci_-vvv:10"),
        "payload": (128.0, "lspci_-vvv:8"),
    }


def test_the_receive_buffer_of_a_capture(capture):
    (capture / "sysctl_-a").write_text("net.core.rmem_default = 212992\n")
    found = answers("buffer", "--from", capture, "--rate", "100k", "--pause", "1ms", "--message", "100")
    assert "a buffer of 212,992 bytes holds 256 messages: 2.56 ms" in found["buffer"]["notes"]


def test_what_a_capture_does_not_tell_is_asked_for(capture):
    for name in ("ethtool_-c_eth0", "ethtool_eth0", "lspci_-vvv"):
        (capture / name).unlink()
    code, _, err = run("headroom", "--from", capture)
    assert (code, err) == (2, "brimful: headroom needs --pcie and (--rate or --link-speed)\n")


def test_options_go_before_a_capture(capture):
    found = answers("stall", "--from", capture, "--ring", "512", "--interface", "eth0")
    assert found["stall"]["value"] == pytest.approx(512 * 672e-9)


def test_an_interface_that_is_not_there(capture):
    code, _, err = run("--from", capture, "--interface", "eth7")
    assert code == 2
    assert err.endswith("nothing is known of eth7, but of eth0\n")


def test_several_interfaces(capture):
    (capture / "ethtool_-g_eth1").write_text(RINGS.replace("eth0", "eth1"))
    code, _, err = run("--from", capture)
    assert code == 2
    assert err.endswith("--interface says which: eth0, eth1\n")


def test_an_interface_that_only_counts(tmp_path):
    """A virtual one: no speed, no ring."""
    (tmp_path / "ip_-j_-s_-s_link.0s").write_text(link(1000))
    (tmp_path / "ip_-j_-s_-s_link.10s").write_text(link(9000))
    found = answers("stall", "--from", tmp_path, "--ring", "256", "--link-speed", "1G")
    assert found["stall"]["value"] == pytest.approx(256 * 672e-9)


def test_from_nothing(tmp_path):
    code, _, err = run("--from", tmp_path / "nowhere")
    assert code == 2
    assert err.startswith("brimful: ")


def test_from_a_scenario(tmp_path):
    file = tmp_path / "case.toml"
    file.write_text("[cpu]\nstolen_ns = 1_500_000\n[nic.pcie]\ngeneration = 2\nlanes = 1\n[socket]\npause_ns = 1e6\n")
    found = answers("--scenario", file)
    assert list(found) == list(ASKED)
    assert found["ring"]["value"] == 1850
    assert found["ring"]["inputs"][0]["source"] == "case.toml: cpu.stolen_ns"
    assert found["buffer"]["value"] == 1494 * 768
    assert found["ring"]["simulated"] == {
        "what": "one stall of 1.5 ms",
        "outcome": "0 lost with 1,850 descriptors, 18 lost with 1,831 descriptors",
        "agrees": True,
    }


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('[traffic]\npattern = "trace"\ntrace = "a.pcap"\n', "traffic.trace: a trace has no rate to size for"),
        ("[nic]\nqueues = 2\n", "nic.queues: one ring is sized"),
    ],
)
def test_a_scenario_that_is_not_sized(tmp_path, text, why):
    file = tmp_path / "case.toml"
    file.write_text(text)
    code, _, err = run("--scenario", file)
    assert code == 2
    assert f"case.toml: {why}" in err


def test_bursts_come_at_the_rate_of_the_link(tmp_path):
    file = tmp_path / "case.toml"
    file.write_text('[traffic]\npattern = "bursts"\nload = 0.1\n')
    assert answers("stall", "--scenario", file)["stall"]["inputs"][1]["name"] == "link-speed"


def test_what_was_simulated_is_shown():
    _, out, _ = run("ring", "--rate", "1M", "--stall", "100us")
    assert "  simulated one stall of 100 us: 0 lost with 100 descriptors, 4 lost with 96 descriptors\n" in out


def test_a_scenario_that_is_none(tmp_path):
    code, _, err = run("--scenario", tmp_path / "none.toml")
    assert code == 2
    assert "none.toml" in err


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("24576", 24576),
        ("24Ki", 24576),
        ("1.488M", 1.488e6),
        ("10G", 1e10),
        ("10 Gbit/s", 1e10),
        ("64B", 64),
        ("3k", 3e3),
    ],
)
def test_numbers(text, number):
    assert Amount().convert(text, None, None) == pytest.approx(number)


@pytest.mark.parametrize("text", ["", "0", "-1", "x", "1e9", "nan", "10T", "1000000000000G", "2Gi"])
def test_what_is_no_number(text):
    with pytest.raises(click.BadParameter):
        Amount().convert(text, None, None)


@pytest.mark.parametrize(("text", "seconds"), [("300ns", 3e-7), ("50us", 5e-5), ("1ms", 1e-3), ("2", 2.0)])
def test_times(text, seconds):
    assert Span().convert(text, None, None) == pytest.approx(seconds)


@pytest.mark.parametrize(("text", "link"), [("gen1x1", (2.5, 1)), ("Gen5 x16", (32.0, 16))])
def test_links(text, link):
    assert Link().convert(text, None, None) == link


@pytest.mark.parametrize("text", ["gen0x1", "gen3", "x8", "gen3x3"])
def test_what_is_no_link(text):
    with pytest.raises(click.BadParameter):
        Link().convert(text, None, None)
