"""A PostgreSQL server for one test session: in a temporary folder, reachable only through a socket in it."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

# Durable is what a test database need not be.
_OPTIONS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "60",
    "listen_addresses": "''",
}


@contextmanager
def temporary_server(programs: Path) -> Iterator[str]:
    """Start a server from `programs`, yield its DATABASE_URL, stop and remove it whatever happens.

    PostgreSQL refuses to run as root, so root hands the folder to an unprivileged user.
    """
    folder = Path(tempfile.mkdtemp(prefix="desk-pg-"))
    account = _account()
    data, log = folder / "data", folder / "server.log"
    try:
        if account:
            os.chown(folder, account["user"], account["group"])
        _run(
            [programs / "initdb", "-D", data, "-U", "desk", "--auth=trust", "--encoding=UTF8", "--no-sync"],
            account,
            folder,
        )
        options = " ".join(f"-c {name}={value}" for name, value in _OPTIONS.items())
        start = [programs / "pg_ctl", "-D", data, "-l", log, "-w", "-o", f"{options} -k {folder}", "start"]
        _run(start, account, folder)
        yield f"postgresql://desk@{quote(str(folder), safe='')}/postgres"
    finally:
        if (data / "postmaster.pid").exists():
            _run([programs / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop"], account, folder)
        shutil.rmtree(folder, ignore_errors=True)


def _account() -> dict[str, Any]:
    """Whom to run the server as, in subprocess's words; ourselves unless we are root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    raise RuntimeError("PostgreSQL does not run as root, and there is no user postgres or nobody.")


def _run(command: list[Any], account: dict[str, Any], folder: Path) -> None:
    """Run one of PostgreSQL's programs; what it said is shown only when it failed."""
    # A file and not a pipe: the server inherits it, and nobody would ever see a pipe's end.
    with (folder / "programs.log").open("a+") as output:
        result = subprocess.run(
            [str(part) for part in command], stdout=output, stderr=output, cwd=folder, check=False, **account
        )
        if result.returncode:
            output.seek(0)
            raise RuntimeError(f"{Path(command[0]).name} failed:\n{output.read()[-2000:]}")
