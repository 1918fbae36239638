#!/usr/bin/env python3
"""Bring the console's third-party files from npm into `static/vendor`, at pinned versions.

    scripts/vendor_assets.py           fetch, verify against the pinned digests, write files and MANIFEST.json
    scripts/vendor_assets.py --check   verify what is there, offline

Neither the network nor node is needed at run time: what this writes is committed.
"""

import base64
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent / "static" / "vendor"
MANIFEST = ROOT / "MANIFEST.json"


@dataclass(frozen=True)
class Package:
    """A package of npm: the registry's sha512 of its archive, and which of its files are taken."""

    name: str
    version: str
    sha512: str
    licence: str
    files: dict[str, str]


PACKAGES = (
    Package(
        "@tabler/core",
        "1.6.1",
        "lgmR9gcxRp5JlLxcmRi9Rz85JrEvH6Bz71KnlcPVSa97wtwQNjgSs3g3fxwbAlulHyRMghhIV04QUuW3pqDsIg==",
        "MIT",
        {"dist/css/tabler.min.css": "tabler.min.css"},
    ),
    Package(
        "wavesurfer.js",
        "8.0.1",
        "h0OnRWSVTqIYLSw3/IVrBtsun/xw9L5u4FA3bjfSDTFMX/xswVWS1JwK4fFu3ulmxRUSHg8zQORl6zENG983eg==",
        "BSD-3-Clause",
        {"dist/wavesurfer.min.js": "wavesurfer.min.js"},
    ),
    Package(
        "htmx.org",
        "2.0.11",
        "Thx/WtpeOQqSrqBCw/A1cwGJGg4UrVa3+sW0GmrM3p4gJgO89ecH4qtbnyzDDWFvBTqjnIMCgELTNt636dtamA==",
        "0BSD",
        {"dist/htmx.min.js": "htmx.min.js"},
    ),
    Package(
        "chart.js",
        "4.6.1",
        "hJyniucsFmq//EvXYvJ6c6mahPoI3kaxdjVH8awTaJ/fDNWeSqqqArixMJWkWNN6fcYvPU3HneSANFNYtRi61g==",
        "MIT",
        {"dist/chart.umd.min.js": "chart.umd.min.js"},
    ),
    Package(
        "@tabler/icons",
        "3.52.0",
        "dldKlJNfO/gZnGLcIY0X2EFFKIMGwL/rEvTqglvBgAPFiwj9pZOCN5V3Sf0Gyjq6foX4VQmLdOmsS4w5FdWKAw==",
        "MIT",
        {},
    ),
)

# The sprite's symbols, by the names that templates use.
ICONS = {
    "calls": "phone-call", "inbound": "phone-incoming", "outbound": "phone-outgoing", "local": "arrows-left-right",
    "play": "player-play", "pause": "player-pause", "download": "download", "close": "x", "search": "search",
    "filter": "adjustments-horizontal", "admin": "settings", "sign-out": "logout", "sun": "sun", "moon": "moon",
    "menu": "menu-2", "eye": "eye", "older": "chevron-right", "newer": "chevron-left", "voicemail": "microphone-off",
    "empty": "phone-off", "warning": "alert-triangle", "audit": "list-details", "key": "key", "copy": "copy",
    "people": "users", "user": "user", "check": "check", "arrow": "arrow-right", "docs": "book",
    "invitations": "user-plus", "second-factor": "shield-lock", "route": "route", "saved": "bookmark", "columns": "columns-3",
    "extensions": "device-landline-phone", "bans": "ban", "lock": "lock", "lock-open": "lock-open",
    "live": "activity", "hang-up": "phone-x", "dashboard": "chart-histogram", "numbers": "hash", "domains": "world",
    "gateways": "arrows-exchange", "providers": "building", "switches": "server", "quarantine": "virus", "webhooks": "webhook",
    "upload": "upload", "plus": "plus", "edit": "pencil", "phone": "device-mobile", "refresh": "refresh", "trash": "trash",
    "send": "send", "qr": "qrcode", "history": "history", "home": "home",
}  # fmt: skip


def main(arguments: list[str]) -> int:
    """Run as the command line says; return the exit status."""
    if arguments == ["--check"]:
        return check()
    if arguments:
        print(__doc__)
        return 2
    vendor()
    return check()


def check() -> int:
    """Compare the files with the manifest, both ways."""
    wanted = {name: digest for package in json.loads(MANIFEST.read_text()) for name, digest in package["files"].items()}
    present = {str(path.relative_to(ROOT)): sha256(path) for path in ROOT.rglob("*") if path.is_file() and path != MANIFEST}
    wrong = sorted(name for name in wanted.keys() | present.keys() if wanted.get(name) != present.get(name))
    for name in wrong:
        print(f"static/vendor/{name} is not what the manifest says: run scripts/vendor_assets.py", file=sys.stderr)
    return 1 if wrong else 0


def vendor() -> None:
    """Fetch every package, write its files and the manifest."""
    shutil.rmtree(ROOT, ignore_errors=True)
    entries = []
    for package in PACKAGES:
        with tempfile.TemporaryDirectory() as folder:
            print(f"{package.name} {package.version}")
            written = list(take(package, unpack(package, Path(folder))))
        entries.append(
            {
                "name": package.name,
                "version": package.version,
                "licence": package.licence,
                "files": {str(path.relative_to(ROOT)): sha256(path) for path in written},
            }
        )
    MANIFEST.write_text(json.dumps(entries, indent=2) + "\n")


def unpack(package: Package, folder: Path) -> Path:
    """Fetch a package through npm, check its digest, and return where its files lie."""
    command = ["npm", "pack", "--silent", "--pack-destination", str(folder), f"{package.name}@{package.version}"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own words only
    archive = next(folder.glob("*.tgz"))
    if base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode() != package.sha512:
        raise SystemExit(f"{package.name} {package.version}: the archive is not the one that was pinned")
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    return folder / "package"


def take(package: Package, source: Path) -> Iterator[Path]:
    """Copy a package's files and its licence; yield what was written."""
    target = ROOT / package.name.removeprefix("@").replace("/", "-")
    target.mkdir(parents=True)
    for name, short in package.files.items():
        # A map that is not served would be a broken reference.
        text = re.sub(r"(?m)^\s*(/\*#|//#) sourceMappingURL=.*$", "", (source / name).read_text())
        yield write(target / short, text)
    if package.name == "@tabler/icons":
        yield write(target / "sprite.svg", sprite(source / "icons" / "outline"))
    licence = next((path.read_text() for path in source.glob("LICENSE*")), None)
    yield write(
        target / "LICENSE", licence or f"{package.name} {package.version}: {package.licence}, as its package.json says.\n"
    )


def sprite(folder: Path) -> str:
    """Return one SVG with a symbol for each icon that the templates use."""
    symbols = []
    for name, icon in ICONS.items():
        drawing = re.search(r"<svg[^>]*>(.*)</svg>", (folder / f"{icon}.svg").read_text(), re.DOTALL)
        if drawing is None:
            raise SystemExit(f"{icon}.svg is no drawing")
        shapes = " ".join(drawing[1].split())
        symbols.append(
            f'<symbol id="{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75" '
            f'stroke-linecap="round" stroke-linejoin="round">{shapes}</symbol>'
        )
    return '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"


def write(path: Path, text: str) -> Path:
    """Write a file and return its path."""
    path.write_text(text)
    return path


def sha256(path: Path) -> str:
    """Return a file's digest, as hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
