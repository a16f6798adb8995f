"""Processes are found and ended with everything they started; nobody else is touched."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.processes import Child, Family, all_processes, end_all, has_in_environment, members, wait_until
from connector.stopping import VARIABLE, is_stopping

pytestmark = pytest.mark.once
SLEEP = "import time; time.sleep(60)"
STARTER = f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {SLEEP!r}])"
PARENT = f"{STARTER}; time.sleep(60)"
ORPHAN = STARTER.removesuffix(")") + ", start_new_session=True)"


@pytest.fixture
def family(tmp_path: Path) -> Iterator[Family]:
    family = Family("test", tmp_path)
    assert family.take_over() is None
    yield family
    family.leave()


def _child(family: Family, program: str, name: str = "child") -> Child:
    environment = {**os.environ, **family.environment}
    child = Child(name, [sys.executable, "-c", program], environment, Path.cwd())
    child.start()
    return child


def test_a_killed_child_takes_its_group_along(family: Family) -> None:
    child = _child(family, PARENT)
    assert wait_until(lambda: len(members(child.group)) == 2, 5)
    child.kill()
    assert members(child.group) == []
    assert child.exit_code == -signal.SIGKILL


def test_a_child_that_ends_leaves_its_orphans_visible(family: Family) -> None:
    child = _child(family, STARTER)
    assert wait_until(lambda: not child.is_running, 5)
    assert child.has_members
    child.kill()
    assert not child.has_members


def test_a_stopped_process_does_not_count_as_working(family: Family) -> None:
    child = _child(family, SLEEP)
    assert members(child.group)[0].is_working
    os.kill(child.group, signal.SIGSTOP)
    assert wait_until(lambda: not members(child.group)[0].is_working, 5)
    child.kill()


def test_the_dead_that_nobody_collected_are_no_members() -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""], start_new_session=True)
    assert wait_until(lambda: members(dead.pid) == [], 5)
    dead.wait()


def test_only_those_who_do_not_listen_are_killed(family: Family, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    deaf = (
        "import pathlib, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        f"pathlib.Path({str(ready)!r}).touch(); time.sleep(60)"
    )
    children = [_child(family, SLEEP, "polite"), _child(family, deaf, "deaf")]
    assert wait_until(ready.exists, 5)
    assert end_all(children, 0.5) == ["deaf"]
    assert not any(child.has_members for child in children)


def test_impatience_cuts_the_grace_short(family: Family, tmp_path: Path) -> None:
    child = _child(
        family, "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
    )
    time.sleep(0.2)
    started = time.monotonic()
    end_all([child], 30, lambda: True)
    assert time.monotonic() - started < 10


def test_the_family_includes_grandchildren_in_sessions_of_their_own(family: Family) -> None:
    child = _child(family, ORPHAN)
    assert wait_until(lambda: not child.is_running, 5)
    (orphan,) = family.living()
    assert orphan.group != child.group
    family.kill()
    assert family.living() == []


def test_the_next_supervisor_ends_what_a_killed_one_left_behind(tmp_path: Path) -> None:
    code = (
        "import os, signal, subprocess, sys; from pathlib import Path; from config.processes import Family;"
        f"family = Family('test', Path({str(tmp_path)!r})); family.take_over();"
        f"subprocess.Popen([sys.executable, '-c', {SLEEP!r}], env={{**os.environ, **family.environment}});"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", code], check=False)
    assert killed.returncode == -signal.SIGKILL
    mark = (tmp_path / "test.family").read_text()
    left = [one for one in all_processes() if has_in_environment(one.pid, f"DESK_TEST_FAMILY={mark}")]
    assert len(left) == 1
    family = Family("test", tmp_path)
    assert family.take_over() is None
    still = [one.pid for one in all_processes() if one.pid == left[0].pid and not one.is_dead]
    assert not still
    family.leave()


def test_a_living_supervisor_is_named_and_its_family_left_alone(family: Family, tmp_path: Path) -> None:
    child = _child(family, SLEEP)
    assert Family("test", tmp_path).take_over() == os.getpid()
    assert child.is_running
    child.kill()


def test_processes_that_may_not_be_looked_into_belong_to_nobody() -> None:
    assert not has_in_environment(2**22 + 1, "A=b")
    assert not has_in_environment(1, "A=b")


def test_long_loops_learn_that_the_worker_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert not is_stopping()
    monkeypatch.setenv(VARIABLE, str(tmp_path / "worker.stop"))
    assert not is_stopping()
    (tmp_path / "worker.stop").touch()
    assert is_stopping()
