"""When the watchdog steps in, and when it must not; sleeping programs stand in for clusters."""

import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import OperationalError, connection
from django.utils import timezone
from django.utils.module_loading import import_string
from django_q.models import OrmQ
from django_q.tasks import async_task
from pytest_django import Settings

from config import watchdog
from config.processes import Child, members, wait_until
from config.schedules import FIXED
from config.watchdog import CANARY, OWNERS_AT_WORK, Canary, Watch, busy_owners
from connector.heartbeat import ages_of_beats, beat

pytestmark = pytest.mark.django_db
MakeWatch = Callable[..., Watch]


@pytest.fixture(autouse=True)
def _short_patience(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.WATCHDOG_SECONDS = 0.3
    monkeypatch.setattr(watchdog, "START_GRACE", 0.0)
    monkeypatch.setattr(watchdog, "CANARY_INTERVAL", 0.0)
    # The test's own transaction lives in this connection.
    monkeypatch.setattr(watchdog, "close_old_connections", lambda: None)


@pytest.fixture
def make_watch() -> Iterator[MakeWatch]:
    made: list[Watch] = []

    def make(program: str = "import time; time.sleep(60)", busy: Callable[[], set[str]] = set) -> Watch:
        child = Child("mail", [sys.executable, "-c", program], os.environ, settings.BASE_DIR)
        made.append(Watch("mail", child, busy))
        made[-1].look_after()  # the first look starts it
        return made[-1]

    yield make
    for one in made:
        one.child.kill()


def _ends(watch: Watch, seconds: float = 3) -> bool:
    """Whether the watchdog ends the program within the time."""

    def has_ended() -> bool:
        watch.look_after()
        return not watch.child.is_running

    return wait_until(has_ended, seconds, every=0.05)


def test_a_silent_cluster_is_ended(make_watch: MakeWatch) -> None:
    assert _ends(make_watch())


def test_a_cluster_that_gives_signs_of_life_is_left_alone(make_watch: MakeWatch) -> None:
    watch = make_watch()

    def look_and_beat() -> bool:
        beat("mail")
        watch.look_after()
        return not watch.child.is_running

    assert not wait_until(look_and_beat, 1, every=0.05)


def test_a_silent_cluster_whose_process_holds_a_row_is_left_alone(make_watch: MakeWatch) -> None:
    owners: set[str] = set()
    watch = make_watch(busy=lambda: owners)
    owners.add(f"{socket.gethostname()[:60]}:{watch.child.group}")
    assert not _ends(watch, 1)
    owners.clear()
    assert _ends(watch)


@pytest.mark.parametrize("owner", ["elsewhere:{pid}", "{host}:1", "{host}:", "nonsense", ""])
def test_rows_of_others_do_not_excuse_the_silence(make_watch: MakeWatch, owner: str) -> None:
    owners: set[str] = set()
    watch = make_watch(busy=lambda: owners)
    owners.add(owner.format(host=socket.gethostname()[:60], pid=watch.child.group))
    assert _ends(watch)


def test_a_stopped_process_is_frozen_even_when_it_holds_a_row(make_watch: MakeWatch) -> None:
    owners: set[str] = set()
    watch = make_watch(busy=lambda: owners)
    owners.add(f"{socket.gethostname()[:60]}:{watch.child.group}")
    os.kill(watch.child.group, signal.SIGSTOP)
    assert _ends(watch)


def test_a_cluster_that_ends_is_started_again_after_a_pause(make_watch: MakeWatch) -> None:
    watch = make_watch("raise SystemExit(0)")
    first = watch.child.group
    assert wait_until(lambda: not watch.child.is_running, 5)
    watch.look_after()
    watch.look_after()
    assert watch.child.group == first  # not at once

    def is_started_again() -> bool:
        watch.look_after()
        return watch.child.group != first

    assert wait_until(is_started_again, 5)


def test_children_that_outlived_their_parent_end_with_the_cluster(make_watch: MakeWatch) -> None:
    parent = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])"
    watch = make_watch(parent)
    assert wait_until(lambda: not watch.child.is_running, 5)
    assert members(watch.child.group)
    watch.look_after()
    assert not members(watch.child.group)


def _broken(*_args: Any) -> Any:
    raise OperationalError("the database is away")


def test_without_a_database_nobody_is_blamed(make_watch: MakeWatch) -> None:
    watch = make_watch()
    with connection.execute_wrapper(_broken):
        assert not _ends(watch, 1)
    connection.needs_rollback = False  # the test's own transaction is as good as new
    assert _ends(watch)


def test_a_cluster_starts_although_the_database_is_away() -> None:
    child = Child(
        "mail", [sys.executable, "-c", "import time; time.sleep(60)"], os.environ, settings.BASE_DIR
    )
    watch = Watch("mail", child, set)
    with connection.execute_wrapper(_broken):
        watch.look_after()
    assert watch.child.is_running
    watch.child.kill()


def test_a_mistake_with_one_cluster_does_not_cost_the_others_their_watch(make_watch: MakeWatch) -> None:
    def stumble() -> set[str]:
        raise RuntimeError("no rows today")

    bad, good = make_watch(busy=stumble), make_watch()
    ended = iter(range(60))
    watchdog.watch([bad, good], lambda: not good.child.is_running or next(ended) > 50, every=0.05)
    assert not good.child.is_running
    assert bad.child.is_running


def test_canaries_never_pile_up() -> None:
    canary = Canary("mail")
    for _number in range(5):
        canary.send_when_due()
    assert OrmQ.objects.filter(key="mail").count() == 1
    OrmQ.objects.all().delete()  # a worker took it
    canary.send_when_due()
    assert OrmQ.objects.filter(key="mail").count() == 1


def test_canaries_keep_their_distance(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    monkeypatch.setattr(watchdog, "CANARY_INTERVAL", 5.0)
    settings.WATCHDOG_SECONDS = 40
    canary = Canary("mail")
    canary.send_when_due()
    OrmQ.objects.all().delete()
    canary.send_when_due()
    assert not OrmQ.objects.exists()


def test_a_new_cluster_begins_without_old_canaries_and_with_the_jobs_of_the_dead_one(
    make_watch: MakeWatch,
) -> None:
    Canary("mail").send_when_due()
    async_task("outreach.tasks.dispatch", cluster="mail")
    async_task("reports.tasks.sweep", cluster="reports")
    later = timezone.now() + timedelta(hours=1)
    OrmQ.objects.update(lock=later)
    make_watch()
    (row,) = OrmQ.objects.filter(key="mail")
    assert row.func() == "outreach.tasks.dispatch"
    assert row.lock <= timezone.now()
    assert OrmQ.objects.get(key="reports").lock == later


def test_the_canary_is_a_sign_of_life() -> None:
    assert ages_of_beats() == {}
    import_string(CANARY)("mail")
    assert ages_of_beats()["mail"] < timedelta(seconds=10)


def test_every_path_that_the_worker_calls_exists() -> None:
    paths = [CANARY, "reports.tasks.scheduled_job", *OWNERS_AT_WORK, *(entry.function for entry in FIXED)]
    assert all(callable(import_string(path)) for path in paths)
    assert busy_owners() == set()
