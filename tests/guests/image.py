"""What a guest boots: a Debian kernel, busybox, Python and this package, in an initial file system.

The packages come from the Debian archive of this host (`apt-get download`) and stay, unpacked and packed again, in
`$XDG_CACHE_HOME/brimful-guests`. What changes (this package, the case) is packed for each run and put behind them.
"""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from importlib.util import find_spec
from pathlib import Path
from zlib import crc32

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "brimful-guests"
INSIDE = Path(__file__).with_name("inside.py")
TOOLS = ("qemu-system-x86_64", "cpio", "apt-get", "apt-cache", "dpkg-deb")
KERNEL = "linux-image-amd64"
"""The kernel with drivers of real NICs; `linux-image-cloud-amd64` has none of e1000, 8139cp and e100."""

PACKAGES = (
    "busybox-static",
    "ethtool",
    "iproute2",
    "libbpf1",
    "libbsd0",
    "libbz2-1.0",
    "libc6",
    "libcap2",
    "libcom-err2",
    "libelf1",
    "libexpat1",
    "libffi8",
    "libgssapi-krb5-2",
    "libk5crypto3",
    "libkeyutils1",
    "libkrb5-3",
    "libkrb5support0",
    "liblzma5",
    "libmd0",
    "libmnl0",
    "libpcre2-8-0",
    "libpython3.11-minimal",
    "libpython3.11-stdlib",
    "libselinux1",
    "libssl3",
    "libtirpc3",
    "python3.11-minimal",
    "zlib1g",
)
MODULES = (
    *("mii", "e1000", "vmxnet3", "8139cp", "e100", "inet_diag", "tcp_diag", "udp_diag", "unix_diag"),
    *("crc32c_generic", "libcrc32c", "udp_tunnel", "ip6_udp_tunnel", "sctp", "sctp_diag"),
)
LEFT_OUT = ("test", "idlelib", "lib2to3", "pydoc_data", "doc", "man", "locale", "gconv", "ensurepip")
OURS = ("brimful", "msgspec", "click", "rich", "markdown_it", "mdurl", "pygments")
"""What runs in the guest: the package and what it imports."""

SITE = "usr/lib/python3/dist-packages"
ALIGN = 512
START = """#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /dev /tmp /run /root
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sysfs /sys
/bin/busybox mount -t devtmpfs devtmpfs /dev
/bin/busybox mkdir -p /usr/sbin
/bin/busybox --install -s 2>/dev/null
export PATH=/bin:/sbin:/usr/bin:/usr/sbin HOME=/root PYTHONDONTWRITEBYTECODE=1
for name in $(cat /modules/order); do insmod /modules/$name.ko; done
hostname guest
ip link set lo up
stty -F /dev/ttyS1 raw -echo
python3.11 /inside.py </dev/ttyS1 >/dev/ttyS1
poweroff -f
"""


class NoGuest(RuntimeError):
    """A guest cannot be built or run here: one line that says why."""


def run(*command: str, cwd: Path | None = None) -> str:
    """Run a host command and return what it prints."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()[-1]
        raise NoGuest(f"{' '.join(command[:4])}: {last}")
    return done.stdout


def missing() -> list[str]:
    """Return what this host lacks to build and run guests."""
    found = [tool for tool in TOOLS if shutil.which(tool) is None]
    return found if sys.version_info[:2] == (3, 11) else [*found, "Python 3.11"]


def build() -> tuple[Path, Path]:
    """Return the kernel image and the first part of the initial file system, built where they are not in the cache."""
    if missing():
        raise NoGuest(f"missing here: {', '.join(missing())}")
    depends = run("apt-cache", "depends", "--no-recommends", "--no-suggests", KERNEL).split()
    image = next((word for word in depends if word.startswith("linux-image-") and word != KERNEL), None)
    if image is None:
        raise NoGuest(f"the archive offers no {KERNEL}: run apt-get update")
    recipe = repr((PACKAGES, MODULES, LEFT_OUT, START)).encode()
    folder = CACHE / f"{image}-{crc32(recipe):08x}"
    kernel, base = folder / "vmlinuz", folder / "base.cpio.gz"
    if not (kernel.exists() and base.exists()):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as work:
            _build(image, Path(work), kernel, base)
    return kernel, base


def _build(image: str, work: Path, kernel: Path, base: Path) -> None:
    packed, root = work / "packed", work / "root"
    packed.mkdir()
    root.mkdir()
    run("apt-get", "download", "-q", image, *PACKAGES, cwd=packed)
    for package in packed.glob("*.deb"):
        if not package.name.startswith("linux-image"):
            run("dpkg-deb", "-x", str(package), str(root))
    for name in LEFT_OUT:
        for found in [path for path in root.rglob(name) if path.is_dir()]:
            shutil.rmtree(found)
    (root / "modules").mkdir()
    (root / "modules" / "order").write_text("\n".join(MODULES) + "\n")
    _kernel(next(packed.glob("linux-image*.deb")), work / "vmlinuz", root / "modules")
    init = root / "init"
    init.write_text(START)
    init.chmod(0o755)
    run(sys.executable, "-m", "compileall", "-q", "-s", str(root), "-p", "/", str(root / "usr/lib/python3.11"))
    _pack(root, work / "base.cpio.gz")
    (work / "vmlinuz").rename(kernel)
    (work / "base.cpio.gz").rename(base)


def _kernel(package: Path, kernel: Path, modules: Path) -> None:
    """Take the kernel and the modules out of a package, and leave the other 400 MB."""
    wanted = {f"{name.replace('-', '_')}.ko" for name in MODULES}
    with (
        subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(package)], stdout=subprocess.PIPE) as unpack,
        tarfile.open(fileobj=unpack.stdout, mode="r|") as files,
    ):
        for member in files:
            name = Path(member.name).name
            target = kernel if name.startswith("vmlinuz-") else modules / name if name in wanted else None
            if target is not None:
                target.write_bytes(files.extractfile(member).read())
    lacking = [name for name in wanted if not (modules / name).exists()]
    if lacking or not kernel.exists():
        raise NoGuest(f"{package.name} lacks {', '.join(lacking) or 'vmlinuz'}")


def _pack(root: Path, archive: Path) -> None:
    """Pack a folder. An archive that follows must begin aligned, so this one is filled up."""
    names = "\n".join(str(path.relative_to(root)) for path in sorted(root.rglob("*")))
    with archive.open("wb") as out:
        pack = subprocess.Popen(
            ["cpio", "--quiet", "-o", "-H", "newc", "-R", "0:0"],
            cwd=root,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        zipped = subprocess.Popen(["gzip", "-1"], stdin=pack.stdout, stdout=out)
        pack.stdin.write(names.encode())
        pack.stdin.close()
        if zipped.wait() or pack.wait():
            raise NoGuest(f"could not pack {archive.name}")
        pack.stdout.close()
    with archive.open("ab") as out:
        out.write(bytes(-archive.stat().st_size % ALIGN))


def initrd(base: Path, work: Path, case: dict[str, object]) -> Path:
    """Return the initial file system of one run: the base, this package as it is now, and the case."""
    root = work / "root"
    for name in OURS:
        spec = find_spec(name)
        if spec is None or not spec.submodule_search_locations:
            raise NoGuest(f"{name} is not installed")
        shutil.copytree(spec.submodule_search_locations[0], root / SITE / name)
    shutil.copy2(INSIDE, root / "inside.py")
    (root / "case.json").write_text(json.dumps(case))
    _pack(root, work / "ours.cpio.gz")
    whole = work / "initrd"
    whole.write_bytes(base.read_bytes() + (work / "ours.cpio.gz").read_bytes())
    return whole
