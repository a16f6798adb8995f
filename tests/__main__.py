"""`python -m tests`, called by `make test`: get the tools, then all tests on SQLite and on PostgreSQL.

Arguments go to pytest. Tests marked `browser` or `once` run in the SQLite pass only.
"""

import os
import signal
import subprocess
import sys
import time
from types import FrameType

from tests.machine import ToolError, find_postgres, install_missing
from tests.postgres import temporary_server


def main(arguments: list[str]) -> int:
    signal.signal(signal.SIGTERM, _leave)
    try:
        install_missing()
    except ToolError as error:
        sys.stderr.write(f"make test: {error}\n")
        return 1
    programs = find_postgres()
    assert programs is not None
    codes = [_run_pytest("SQLite", {"TEST_DATABASE_URL": ""}, arguments)]
    with temporary_server(programs) as url:
        codes.append(
            _run_pytest(
                "PostgreSQL", {"TEST_DATABASE_URL": url}, ["-m", "not browser and not once", *arguments]
            )
        )
    return max(codes)


def _run_pytest(title: str, environment: dict[str, str], arguments: list[str]) -> int:
    """One pass over the suite; 5 (nothing to run) counts as well when arguments chose the tests."""
    sys.stderr.write(f"\n=== {title} ===\n")
    started = time.monotonic()
    command = [sys.executable, "-m", "pytest", *arguments]
    code = subprocess.run(command, env={**os.environ, **environment}, check=False).returncode
    sys.stderr.write(f"=== {title}: {time.monotonic() - started:.0f} s ===\n")
    return 0 if code == 5 and arguments else code


def _leave(_number: int, _frame: FrameType | None) -> None:
    """Through the `finally` of the server, so that nothing is left running."""
    sys.exit(143)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
