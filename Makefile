# Two commands do everything: `make run` and `make test`. Both make their own environment in .venv.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes
WATCH ?= 3s
FUZZ ?= -max_total_time=60

.PHONY: help run test check unit guests faults accuracy docs bench fuzz lock clean

help:
	@echo "make run     diagnose the example capture, then this host for $(WATCH)"
	@echo "make test    style, types, layers and all tests"
	@echo "make guests  boot QEMU guests with emulated NICs, flood them, and see what brimful says inside"
	@echo "make faults  bring every kind of fault about ten times, and write the table of verdicts"
	@echo "make accuracy  judge a thousand simulated faults, and write the table of verdicts"
	@echo "make docs    build the documentation into site/"
	@echo "make bench   measure every figure the documentation quotes, beside its peer"
	@echo "make fuzz    coverage-guided fuzzing of the parsers, one minute"
	@echo "make lock    pin the newest versions of all dependencies, with hashes"

# A verdict ends with status 1 and "undecided" with 3: both are answers here, only 2 is a failure.
run: $(VENV)/run.stamp
	$(BIN)/brimful diagnose examples/staros-kni.txt || [ $$? -ne 2 ]
	$(BIN)/brimful diagnose --for $(WATCH) || [ $$? -ne 2 ]

test: check unit

check: $(VENV)/dev.stamp
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

unit: $(VENV)/dev.stamp
	-@command -v ip >/dev/null && command -v nft >/dev/null && command -v ethtool >/dev/null || $(MAKE) --no-print-directory debian PACKAGES="iproute2 nftables ethtool"
	-@command -v promtool >/dev/null || $(MAKE) --no-print-directory $(VENV)/debian/prometheus
	-@command -v rsyslogd >/dev/null || $(MAKE) --no-print-directory $(VENV)/debian/rsyslog $(VENV)/debian/libestr0 $(VENV)/debian/libfastjson4
	-@command -v redis-check-rdb >/dev/null || $(MAKE) --no-print-directory debian PACKAGES=redis-tools
	$(BIN)/coverage run -m pytest
	$(BIN)/coverage report

# Needs a host of Debian 12: the guests are made of its packages, which stay in ~/.cache/brimful-guests.
guests: $(VENV)/dev.stamp
	-@command -v qemu-system-x86_64 >/dev/null && command -v cpio >/dev/null || $(MAKE) --no-print-directory debian PACKAGES="qemu-system-x86 ipxe-qemu cpio"
	$(BIN)/python -m pytest tests/guests/emulated_nics.py tests/guests/sctp.py

# Root, and about ten minutes. Everything is set in network namespaces of their own, nothing of the whole machine.
faults: $(VENV)/dev.stamp
	-@command -v ip >/dev/null && command -v nft >/dev/null && command -v ethtool >/dev/null || $(MAKE) --no-print-directory debian PACKAGES="iproute2 nftables ethtool"
	$(BIN)/python -m benchmarks.faults

accuracy: $(VENV)/dev.stamp
	$(BIN)/python -m benchmarks.accuracy_simulated

docs: $(VENV)/docs.stamp
	$(BIN)/python docs/generate.py
	$(BIN)/zensical build --clean

bench: $(VENV)/dev.stamp $(VENV)/bench.stamp
	-@command -v ip >/dev/null && command -v ethtool >/dev/null || $(MAKE) --no-print-directory debian PACKAGES="iproute2 ethtool"
	-@command -v prometheus-node-exporter >/dev/null || $(MAKE) --no-print-directory $(VENV)/debian/prometheus-node-exporter
	$(BIN)/python -m benchmarks

fuzz: $(VENV)/dev.stamp $(VENV)/fuzz.stamp
	$(BIN)/python -m tests.fuzz.staros $(FUZZ) -rss_limit_mb=4096

lock: $(VENV)/dev.stamp
	$(BIN)/python requirements/lock.py

clean:
	rm -rf $(VENV) site build dist .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache

# Debian's python3 comes without ensurepip: python3-venv holds it.
$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "brimful needs Python 3.11 or newer: make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || { rm -rf $(VENV); $(MAKE) --no-print-directory debian PACKAGES=python3-venv; $(PYTHON) -m venv $(VENV); }

$(VENV)/run.stamp: requirements/run.txt pyproject.toml | $(VENV)/bin/python
	$(PIP) -r requirements/run.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/%.stamp: requirements/%.txt $(VENV)/run.stamp
	$(PIP) -r requirements/$*.txt
	@touch $@

# A Debian package, unpacked: to install it would start a server that listens on every address.
$(VENV)/debian/%: | $(VENV)/bin/python
	mkdir -p $(VENV)/debian
	cd $(VENV)/debian && { apt-get download -qq $* || { apt-get update -qq && apt-get download -qq $*; }; } 2>/dev/null
	dpkg -x $(VENV)/debian/$*_*.deb $@
	rm $(VENV)/debian/$*_*.deb

# Installs Debian packages where that is allowed, and says which are missing where it is not.
.PHONY: debian
debian:
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(PACKAGES) >/dev/null; \
	else echo "please install: $(PACKAGES)" >&2; exit 1; fi
