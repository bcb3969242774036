"""The examples, with a real Prometheus: rules load, a loss raises an alert, and every query asks for what is exported."""

import itertools
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.namespaces import needs

from brimful.exporters.series import NIC

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = ROOT / "examples"
ALERTS = EXAMPLES / "prometheus" / "alerts.yml"
WORKLOAD = ROOT / "tests" / "faults" / "workload.py"
NUMBERS = itertools.count()
UNAVAILABLE = 503
"""What Prometheus answers while it starts."""
NAME = re.compile(r"\b(?:brimful|process)_\w+")


def program(name):
    places = os.pathsep.join([os.environ["PATH"], str(ROOT / ".venv" / "debian" / "prometheus" / "usr" / "bin")])
    found = shutil.which(name, path=places)
    if found is None and os.environ.get("CI") == "true":
        pytest.fail(f"no {name}: make .venv/debian/prometheus", pytrace=False)
    if found is None:
        pytest.skip(f"no {name}: make .venv/debian/prometheus")
    return found


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def get(url):
    with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - loopback
        return answer.read().decode()


def ended(process):
    process.terminate()
    try:
        return process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        raise


@contextmanager
def losing_namespace():
    needs("ip")
    name = f"metrics-{os.getpid()}-{next(NUMBERS)}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], check=True)
    command = ["ip", "netns", "exec", name, sys.executable, str(WORKLOAD), "slow_udp_reader", "60"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "ready\n"
        yield name
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        subprocess.run(["ip", "netns", "del", name], check=True)


@contextmanager
def metrics(*arguments):
    """`brimful metrics` that serves; yields its address."""
    command = [sys.executable, "-m", "brimful", "metrics", "--prometheus", "127.0.0.1:0", *arguments]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        yield re.fullmatch(r"brimful: metrics at (http://127\.0\.0\.1:\d+/metrics)\n", process.stderr.readline())[1]
        assert ended(process) == 0
        assert process.stderr.read() == ""
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


@contextmanager
def prometheus(folder, target):
    """A Prometheus with the example's configuration, only faster; yields its API."""
    text = (EXAMPLES / "prometheus" / "prometheus.yml").read_text()
    text = text.replace("15s", "1s").replace("127.0.0.1:9920", target).replace("alerts.yml", str(ALERTS))
    (folder / "prometheus.yml").write_text(text)
    port = free_port()
    process = subprocess.Popen(
        [
            program("prometheus"),
            f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={folder}/data",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield f"http://127.0.0.1:{port}/api/v1"
    finally:
        ended(process)


def ask(api, path, **query):
    try:
        return json.loads(get(f"{api}/{path}?{urllib.parse.urlencode(query)}"))
    except urllib.error.HTTPError as error:
        return None if error.code == UNAVAILABLE else json.loads(error.read())
    except OSError:  # not up yet
        return None


def until(check, seconds=30):
    end = time.monotonic() + seconds
    while True:
        found = check()
        if found:
            return found
        assert time.monotonic() < end
        time.sleep(0.2)


def expressions():
    dashboard = json.loads((EXAMPLES / "grafana" / "brimful.json").read_text())
    found = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    assert len(found) > 15
    return [expr.replace("$__rate_interval", "1m").replace("$instance", ".*") for expr in found]


@pytest.mark.kernel
def test_a_real_loss_raises_an_alert_and_every_query_is_understood(tmp_path):
    program("prometheus")
    with losing_namespace() as name, metrics("--netns", name) as url:
        exported = until(lambda: text if "brimful_verdict{" in (text := get(url)) else "")
        with prometheus(tmp_path, url.removeprefix("http://").removesuffix("/metrics")) as api:

            def alerts():
                answer = ask(api, "alerts")
                found = answer["data"]["alerts"] if answer else []
                return {
                    alert["labels"]["alertname"]: alert
                    for alert in found
                    if alert["labels"].get("netns") == name and alert["labels"].get("stage") == "socket.receive"
                }

            raised = until(
                lambda: found if {"BufferLosesPackets", "CauseOfLossKnown"} <= (found := alerts()).keys() else None
            )
            for query in expressions():
                answer = ask(api, "query", query=query)
                assert answer["status"] == "success", (query, answer)
    assert raised["BufferLosesPackets"]["state"] in {"pending", "firing"}
    assert raised["BufferLosesPackets"]["labels"]["place"] == "udp"
    assert raised["CauseOfLossKnown"]["labels"]["owner"] == "application"
    assert raised["CauseOfLossKnown"]["labels"]["place"] == "udp 127.0.0.1:5201"
    there = set(re.findall(r"^# TYPE (\w+) ", exported, re.MULTILINE))
    there |= {f"{one.name}_total" if one.is_counter else one.name for one in NIC}
    asked = {word for text in (*expressions(), ALERTS.read_text()) for word in NAME.findall(text)}
    assert asked - {"brimful_token"} <= there
    assert len(asked) > 15


def test_the_rules_and_the_configuration_are_right():
    promtool = program("promtool")
    for command in (
        ["check", "rules", str(ALERTS)],
        ["check", "config", str(EXAMPLES / "prometheus" / "prometheus.yml")],
    ):
        done = subprocess.run([promtool, *command], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert "SUCCESS" in done.stdout


def test_the_text_is_as_promtool_wants_it():
    done = subprocess.run(
        [sys.executable, "-m", "brimful", "metrics", "--for", "200ms"], capture_output=True, text=True, check=True
    )
    checked = subprocess.run(
        [program("promtool"), "check", "metrics"], input=done.stdout, capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stdout) == (0, ""), checked.stderr
    assert 'brimful_sweeps_total{netns=""} 2.0\n' in done.stdout
    assert "process_resident_memory_bytes " in done.stdout


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--prometheus", "0.0.0.0:0"], "0.0.0.0 can be reached from outside: it needs --token-file"),
        (["--prometheus", "nowhere"], "nowhere: not an address and a port such as 127.0.0.1:9920 or [::1]:9920"),
        (["--prometheus", "127.0.0.1:0", "--token-file", "/none"], "/none: No such file or directory"),
    ],
)
def test_what_is_refused(arguments, why):
    done = subprocess.run(
        [sys.executable, "-m", "brimful", "metrics", *arguments], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"brimful: {why}\n")
