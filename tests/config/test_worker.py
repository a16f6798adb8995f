"""`manage.py worker` as an operator meets it: real clusters, real signals, real deaths."""

import os
import signal
import time
from collections.abc import Iterator

import pytest

from config.processes import wait_until
from tests.config.conftest import House, MakeHouse, Started, children_of


@pytest.fixture(scope="module")
def running(make_house: MakeHouse) -> Iterator[tuple[House, Started]]:
    """One worker for the tests that hurt it; it is expected to survive all of them."""
    house = make_house()
    house.migrate()
    worker = house.start("worker", "--grace", "5")
    yield house, worker
    assert worker.process.poll() is None, worker.said[-3000:]
    worker.end()


@pytest.fixture
def hurt(running: tuple[House, Started]) -> House:
    """The same worker when both clusters are well."""
    house, worker = running
    for cluster in ("mail", "reports"):
        assert _is_alive_again(house, cluster, instead_of=0), worker.said[-3000:]
    return house


def _is_alive_again(house: House, cluster: str, *, instead_of: int, seconds: float = 80) -> bool:
    """Whether a new first process is there and jobs run in it; a busy machine takes long to start a cluster."""
    if not wait_until(lambda: house.main_of(cluster) not in (0, instead_of), seconds):
        return False
    before = house.beat(cluster)
    return wait_until(lambda: house.beat(cluster) != before, seconds)


def test_a_dead_first_process_takes_its_orphans_along_and_jobs_run_again(hurt: House) -> None:
    main = hurt.main_of("mail")
    # The sentinel, the pusher, the monitor and the workers, which start one after the other.
    assert wait_until(lambda: len(hurt.living("Q_CLUSTER_NAME=mail")) >= 5, 30)
    orphans = {process.pid for process in hurt.living("Q_CLUSTER_NAME=mail")} - {main}
    os.kill(main, signal.SIGKILL)
    assert _is_alive_again(hurt, "mail", instead_of=main)
    assert not orphans & {process.pid for process in hurt.living()}


def test_a_dead_sentinel_is_noticed_although_the_exit_code_is_0(
    hurt: House, running: tuple[House, Started]
) -> None:
    main = hurt.main_of("reports")
    (sentinel,) = children_of(main)
    os.kill(sentinel, signal.SIGKILL)
    assert _is_alive_again(hurt, "reports", instead_of=main)
    assert "(exit code 0)" in running[1].said


def test_killed_idle_workers_never_stop_the_work_for_good(hurt: House) -> None:
    # An idle worker may die with the lock of the queue in its hand; then all others wait for ever.
    before = {process.pid for process in hurt.living("Q_CLUSTER_NAME=reports")}
    (sentinel,) = children_of(hurt.main_of("reports"))
    for pid in children_of(sentinel)[:2]:  # the workers are started first
        os.kill(pid, signal.SIGKILL)
    assert wait_until(lambda: bool({p.pid for p in hurt.living("Q_CLUSTER_NAME=reports")} - before), 30)
    assert _is_alive_again(hurt, "reports", instead_of=0)


def test_a_frozen_cluster_is_started_anew(hurt: House) -> None:
    main = hurt.main_of("mail")
    for process in hurt.living("Q_CLUSTER_NAME=mail"):
        os.kill(process.pid, signal.SIGSTOP)
    started = time.monotonic()
    assert _is_alive_again(hurt, "mail", instead_of=main)
    assert time.monotonic() - started < 30  # WATCHDOG_SECONDS is 5 here


def test_a_second_worker_says_that_there_is_one(hurt: House) -> None:
    refused = hurt.manage("worker")
    assert refused.returncode == 1
    assert "A worker is running here already" in refused.stderr


def test_a_healthy_cluster_is_left_alone(hurt: House) -> None:
    mains = [hurt.main_of("mail"), hurt.main_of("reports")]
    time.sleep(8)  # longer than WATCHDOG_SECONDS
    assert [hurt.main_of("mail"), hurt.main_of("reports")] == mains


def test_sigterm_ends_every_process_with_exit_code_0(house: House) -> None:
    house.migrate()
    worker = house.start("worker", "--grace", "5")
    assert _is_alive_again(house, "mail", instead_of=0), worker.said[-3000:]
    assert worker.end() == 0
    assert house.living() == []


def test_a_frozen_cluster_does_not_outlive_the_grace(house: House) -> None:
    house.migrate()
    worker = house.start("worker", "--grace", "1")
    assert wait_until(lambda: len(house.living("Q_CLUSTER_NAME=mail")) >= 6, 20)
    for process in house.living("Q_CLUSTER_NAME=mail"):
        os.kill(process.pid, signal.SIGSTOP)
    assert worker.end() == 0
    assert house.living() == []
    assert "did not end in time" in worker.said


def test_what_a_killed_worker_left_behind_is_ended_by_the_next_one(house: House) -> None:
    house.migrate()
    first = house.start("worker")
    assert wait_until(lambda: len(house.living("Q_CLUSTER_NAME=reports")) >= 6, 20), first.said
    assert first.end(signal.SIGKILL) == -signal.SIGKILL
    orphans = {process.pid for process in house.living()}
    assert orphans
    second = house.start("worker", "--grace", "5")
    # First of all the orphans go: until then a sign of life may still be theirs.
    gone = wait_until(lambda: not orphans & {process.pid for process in house.living()}, 40)
    assert gone, second.said[-3000:]
    assert _is_alive_again(house, "reports", instead_of=0), second.said[-3000:]
    assert second.end() == 0


def test_a_worker_waits_for_its_database_and_for_the_end_of_migrate(house: House) -> None:
    worker = house.start("worker", "--grace", "5")
    worker.wait_until_said("waits for the database")
    house.migrate("auth")  # some tables are there; whoever adds rows to them now makes `migrate` fail
    made = "SELECT count(*) FROM django_content_type"
    before = house.rows(made)
    worker.wait_until_said("migrate has not finished")
    assert house.rows(made) == before
    house.migrate()
    assert _is_alive_again(house, "mail", instead_of=0), worker.said[-3000:]
    assert worker.end() == 0
