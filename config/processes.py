"""Other processes: what they are doing, who belongs to whom, and how to end them.

Linux tells it in /proc; elsewhere `ps` is asked.
"""

import contextlib
import fcntl
import os
import secrets
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Process:
    """`state` is the letter that ps shows first: R, S, D, T (stopped), Z (dead, not yet collected) …"""

    pid: int
    group: int
    state: str

    @property
    def is_dead(self) -> bool:
        return self.state in {"Z", "X"}

    @property
    def is_working(self) -> bool:
        return not self.is_dead and self.state not in {"T", "t"}


def _from_proc() -> Iterator[Process]:
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                # The name in brackets may hold spaces and brackets itself.
                fields = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
                yield Process(int(entry.name), group=int(fields[2]), state=fields[0])


def _from_ps() -> Iterator[Process]:
    table = subprocess.run(["ps", "-A", "-o", "pid=,pgid=,stat="], capture_output=True, text=True, check=True)
    for line in table.stdout.splitlines():
        pid, group, state = line.split()[:3]
        yield Process(int(pid), int(group), state[0])


def all_processes() -> Iterator[Process]:
    return _from_proc() if (_PROC / "self" / "stat").exists() else _from_ps()


def members(group: int) -> list[Process]:
    """The living processes of a process group."""
    return [process for process in all_processes() if process.group == group and not process.is_dead]


def has_in_environment(pid: int, entry: str) -> bool:
    """Whether `pid` was started with `entry` ("NAME=value"); False for processes we may not look into."""
    try:
        if _PROC.exists():
            return entry.encode() in (_PROC / str(pid) / "environ").read_bytes().split(b"\0")
        words = subprocess.run(
            ["ps", "eww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
        return entry in words.stdout.split()
    except OSError:
        return False


def wait_until(condition: Callable[[], bool], seconds: float, *, every: float = 0.1) -> bool:
    """Ask again and again; False when the time was not enough."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(every)
    return True


class Child:
    """A program in a process group of its own, so that a signal from the terminal reaches only us and
    everything it started can be ended with it."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], cwd: Path) -> None:
        self.name = name
        self._command = list(command)
        self._environment = dict(environment)
        self._cwd = cwd
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        # Standard output belongs to the supervisor; children speak through their logs.
        self._process = subprocess.Popen(
            self._command,
            env=self._environment,
            cwd=self._cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )

    @property
    def group(self) -> int:
        """The process group, which is also the first process's id; 0 before the start."""
        return self._process.pid if self._process else 0

    @property
    def exit_code(self) -> int | None:
        return self._process.poll() if self._process else None

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def has_members(self) -> bool:
        """Whether anything of the group is alive, the first process or what it left behind."""
        return self.is_running or bool(self.group and members(self.group))

    def terminate(self) -> None:
        """Ask the first process to end; the others are its own affair."""
        if self._process is not None and self.is_running:
            self._process.terminate()

    def kill(self) -> None:
        """End the whole group at once and wait until it is gone."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.group, signal.SIGKILL)
        self._process.wait()
        wait_until(lambda: not members(self.group), 5)


def end_all(
    children: Sequence[Child], grace: float, is_in_a_hurry: Callable[[], bool] = lambda: False
) -> list[str]:
    """Ask all to end, then kill what is left; returns the names of those that had to be killed."""
    for child in children:
        child.terminate()
    wait_until(lambda: is_in_a_hurry() or not any(child.is_running for child in children), grace)
    late = [child for child in children if child.is_running]
    for child in children:
        child.kill()
    return [child.name for child in late]


class Family:
    """Everything one supervisor has started, found again even when the supervisor was killed.

    A lock file tells whether a supervisor with this name lives; a mark in the environment, inherited by
    children and grandchildren, tells who belongs to it. The mark is kept in a file for the next start.
    """

    def __init__(self, name: str, directory: Path) -> None:
        self._variable = f"DESK_{name.upper()}_FAMILY"
        self._lock_path = directory / f"{name}.lock"
        self._mark_path = directory / f"{name}.family"
        self._lock: int | None = None
        self._mark = ""

    @property
    def environment(self) -> dict[str, str]:
        """What children must have in their environment."""
        return {self._variable: self._mark}

    def take_over(self) -> int | None:
        """Become the one supervisor. Returns the process id of the one that lives already, else None after
        ending whatever a killed one has left behind."""
        self._lock_path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(self._lock_path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            words = os.read(lock, 20).split()
            os.close(lock)
            return int(words[0]) if words else 0
        os.ftruncate(lock, 0)
        os.write(lock, f"{os.getpid()}\n".encode())
        self._lock = lock
        if self._mark_path.exists():
            self._mark = self._mark_path.read_text().strip()
            self.kill()
        self._mark = secrets.token_hex(16)
        self._mark_path.write_text(self._mark)
        return None

    def living(self) -> list[Process]:
        entry = f"{self._variable}={self._mark}"
        return [
            process
            for process in all_processes()
            if not process.is_dead and process.pid != os.getpid() and has_in_environment(process.pid, entry)
        ]

    def kill(self) -> None:
        """End every member at once. Again and again: one may be starting another while we look."""

        def nobody_is_left() -> bool:
            found = self.living() if self._mark else []
            for process in found:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(process.pid, signal.SIGKILL)
            return not found

        wait_until(nobody_is_left, 5)

    def leave(self) -> None:
        """End what is left and let the next supervisor in."""
        if self._lock is None:
            return
        self.kill()
        self._mark_path.unlink(missing_ok=True)
        os.close(self._lock)
        self._lock = None
