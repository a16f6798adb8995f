"""The tools the suite needs beside Python: a Chromium, PostgreSQL's server programs and GNU gettext.

What is on the machine is used; what is missing is installed from Debian when we are root.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class ToolError(Exception):
    """A tool is missing and could not be installed; the text says which and what to do."""


def find_chromium() -> str | None:
    """A Chromium on the system, else the one Playwright has downloaded before; None when there is neither."""
    for name in CHROMIUM_NAMES:
        if path := shutil.which(name):
            return path
    own = _own_chromium()
    return own if own and Path(own).exists() else None


def _own_chromium() -> str | None:
    """Where Playwright keeps its own browser; asked elsewhere, to have no event loop left here."""
    code = (
        "from playwright.sync_api import sync_playwright as s\n"
        "with s() as p: print(p.chromium.executable_path)"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    return answer.stdout.strip() or None


def find_postgres() -> Path | None:
    """The folder with initdb and pg_ctl, the newest version first; None when there is none."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
    if on_path := shutil.which("initdb"):
        folders.append(Path(on_path).resolve().parent)
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "pg_ctl").exists():
            return folder
    return None


def _version(folder: Path) -> int:
    """15 for …/15/bin."""
    return int(folder.parent.name) if folder.parent.name.isdigit() else 0


def install_missing() -> None:
    """Find or install every tool; raises ToolError for the first that cannot be had."""
    packages = []
    if find_chromium() is None:
        packages.append("chromium")
    if find_postgres() is None:
        packages.append("postgresql")
    if shutil.which("msgfmt") is None:
        packages.append("gettext")
    if packages:
        _install_from_debian(packages)
    if find_chromium() is None:
        _say("downloading Playwright's Chromium")
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
    if find_chromium() is None:
        raise ToolError("The browser tests need a Chromium. Install your system's chromium.")
    if find_postgres() is None:
        raise ToolError("The tests need PostgreSQL's initdb and pg_ctl. Install your system's postgresql.")


def _install_from_debian(packages: list[str]) -> None:
    """apt-get as root; elsewhere nothing, the caller looks again. Old package lists are refreshed once."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return
    _say(f"installing {' '.join(packages)}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "--yes", "--quiet", "--no-install-recommends", *packages]
    for command in (["apt-get", "update", "--quiet"], install):
        subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=False)


def _say(text: str) -> None:
    sys.stderr.write(f"make test: {text}\n")
