"""`python -m tests`, called by `make test`: get the tools, then all tests on SQLite and on PostgreSQL.

Arguments go to pytest. What touches the database runs on both, except what is marked `browser` or `once`; what
does not runs once. The three passes run beside each other, because each of them waits for others half of its time.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from types import FrameType
from typing import IO

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
    with temporary_server(programs) as url, _silence() as of_postgres, _silence() as of_elsewhere:
        postgres = {"TEST_DATABASE_URL": url, "TESTS_OF": "database"}
        sqlite = {"TEST_DATABASE_URL": "", "TESTS_OF": "database"}
        both = ["-m", "not browser and not once", *arguments]
        elsewhere = {**sqlite, "TESTS_OF": "elsewhere"}
        running: list[Pass] = []
        try:
            running.append(_start("SQLite", sqlite, arguments, None))
            running.append(_start("PostgreSQL", postgres, both, of_postgres))
            running.append(_start("without a database", elsewhere, arguments, of_elsewhere))
            codes = [_result(one, arguments) for one in running]
        finally:
            for one in running:
                one.process.terminate()
        for told in (of_postgres, of_elsewhere):
            told.seek(0)
            sys.stdout.write(told.read())
    return max(codes)


def _silence() -> IO[str]:
    """Where a pass speaks while another one has the terminal."""
    return tempfile.TemporaryFile("w+")


@dataclass(frozen=True, slots=True)
class Pass:
    title: str
    process: "subprocess.Popen[bytes]"
    started: float


def _start(title: str, environment: dict[str, str], arguments: list[str], output: IO[str] | None) -> Pass:
    """One pass over the suite, told to `output` or to the terminal."""
    command = [sys.executable, "-m", "pytest", *arguments]
    environment = {**os.environ, **environment}
    process = subprocess.Popen(command, env=environment, stdout=output, stderr=output and subprocess.STDOUT)
    return Pass(title, process, time.monotonic())


def _result(one: Pass, arguments: list[str]) -> int:
    """Wait for a pass; 5 (nothing to run) counts as well when arguments chose the tests."""
    code = one.process.wait()
    sys.stderr.write(f"=== {one.title}: {time.monotonic() - one.started:.0f} s ===\n")
    return 0 if code == 5 and arguments else code


def _leave(_number: int, _frame: FrameType | None) -> None:
    """Through the `finally` of the server, so that nothing is left running."""
    sys.exit(143)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
