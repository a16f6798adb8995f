"""`python -m tests`, called by `make test`: get the tools, then all tests on SQLite and on PostgreSQL.

Arguments go to pytest. What touches the database runs on both kinds, except what is marked `browser` or `once`; that
runs on SQLite only, and what touches none runs without. The passes run beside each other, one more than there are
processors, because each of them waits for others a part of its time.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import FrameType
from typing import IO

from tests.machine import ToolError, find_postgres, install_missing
from tests.postgres import temporary_server


@dataclass(slots=True)
class Pass:
    """One pytest over a part of the suite (see `TESTS_OF` in conftest.py), told to `output` or to the terminal."""

    title: str
    part: str
    database_url: str = ""  # empty: SQLite
    output: IO[str] | None = None
    process: "subprocess.Popen[bytes] | None" = None
    started: float = field(default_factory=time.monotonic)

    def start(self, arguments: list[str]) -> None:
        command = [sys.executable, "-m", "pytest", *arguments]
        environment = {**os.environ, "TEST_DATABASE_URL": self.database_url, "TESTS_OF": self.part}
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            command, env=environment, stdout=self.output, stderr=self.output and subprocess.STDOUT
        )

    def code(self) -> int | None:
        return self.process.poll() if self.process else None


def main(arguments: list[str]) -> int:
    signal.signal(signal.SIGTERM, _leave)
    try:
        install_missing()
    except ToolError as error:
        sys.stderr.write(f"make test: {error}\n")
        return 1
    programs = find_postgres()
    assert programs is not None
    with temporary_server(programs) as url, ExitStack() as files:
        # The longest begins and has the terminal; the others speak into a file meanwhile.
        passes = [
            Pass("once", "once"),
            Pass("PostgreSQL", "both", url),
            Pass("without a database", "elsewhere"),
            Pass("SQLite", "both"),
        ]
        for one in passes[1:]:
            one.output = files.enter_context(tempfile.TemporaryFile("w+"))
        codes = _run(passes, arguments)
        for one in passes[1:]:
            assert one.output is not None
            one.output.seek(0)
            sys.stdout.write(f"--- {one.title} ---\n{one.output.read()}")
    return max(codes)


def _run(passes: list[Pass], arguments: list[str]) -> list[int]:
    """All of them, so many at a time; their exit codes. Whatever happens, none is left running."""
    at_a_time = (os.cpu_count() or 1) + 1
    waiting, running, codes = list(passes), list[Pass](), list[int]()
    try:
        while waiting or running:
            while waiting and len(running) < at_a_time:
                running.append(waiting.pop(0))
                running[-1].start(arguments)
            time.sleep(0.1)
            for one in [one for one in running if one.code() is not None]:
                running.remove(one)
                codes.append(_result(one, arguments))
    finally:
        for one in running:
            if one.process:
                one.process.terminate()
    return codes


def _result(one: Pass, arguments: list[str]) -> int:
    """The exit code of a pass that has ended; 5 (nothing to run) is fine when arguments chose the tests."""
    code = one.code()
    assert code is not None
    sys.stderr.write(f"=== {one.title}: {time.monotonic() - one.started:.0f} s ===\n")
    # A pass that a signal ended has a negative code.
    return 0 if code == 5 and arguments else abs(code)


def _leave(_number: int, _frame: FrameType | None) -> None:
    """Through the `finally` of the server, so that nothing is left running."""
    sys.exit(143)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
