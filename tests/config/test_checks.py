"""Each of our system checks: silent on what we ship, and loud when its setting is wrong."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django_q.models import Schedule
from pytest_django import Settings

from config import checks


def _ids() -> list[str]:
    return [str(message.id).removeprefix("sales_desk.") for message in checks.sales_desk(None)]


def _queue(settings: Settings, **changes: Any) -> None:
    settings.Q_CLUSTER = {**copy.deepcopy(settings.Q_CLUSTER), **changes}


@pytest.fixture
def database(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Changes the settings of the default database; nothing is connected with them."""

    def change(**changes: Any) -> None:
        for name, value in changes.items():
            monkeypatch.setitem(settings.DATABASES["default"], name, value)

    return change


def test_what_we_ship_is_right() -> None:
    assert _ids() == []


@pytest.mark.parametrize(
    "options",
    [
        {"init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;"},
        {"transaction_mode": "IMMEDIATE", "init_command": "PRAGMA synchronous=FULL;"},
        {
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;",
        },
    ],
)
def test_e001_sqlite_that_loses_or_refuses_writes(
    settings: Settings, database: Callable[..., None], options: dict[str, str]
) -> None:
    settings.IS_SQLITE = True
    database(OPTIONS=options)
    assert _ids() == ["E001"]


def test_e002_a_retry_that_comes_too_early(settings: Settings) -> None:
    _queue(settings, retry=settings.Q_CLUSTER["timeout"] * 2)
    assert _ids() == ["E002"]


def test_e002_looks_at_each_cluster(settings: Settings) -> None:
    clusters = copy.deepcopy(settings.Q_CLUSTER["ALT_CLUSTERS"])
    clusters["mail"]["retry"] = clusters["mail"]["timeout"]
    _queue(settings, ALT_CLUSTERS=clusters)
    assert _ids() == ["E002"]


def test_e003_a_guard_that_never_counts_to_zero(settings: Settings) -> None:
    _queue(settings, guard_cycle=0.7)
    assert _ids() == ["E003"]


def test_e004_a_pool_shared_by_forks(settings: Settings, database: Callable[..., None]) -> None:
    database(OPTIONS={**settings.DATABASES["default"].get("OPTIONS", {}), "pool": True})
    assert _ids() == ["E004"]


def test_e005_a_queue_in_another_database(settings: Settings) -> None:
    _queue(settings, orm="other")
    assert _ids() == ["E005"]


def test_e006_schedules_in_the_admin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(admin.site._registry, Schedule, admin.ModelAdmin(Schedule, admin.site))
    assert _ids() == ["E006"]


def test_e007_one_key_for_everything(settings: Settings) -> None:
    settings.FIELD_KEYS = [settings.SECRET_KEY]
    assert _ids() == ["E007"]
    settings.FIELD_KEYS = []
    assert _ids() == ["E007"]


def test_e008_a_cache_that_only_one_process_sees(settings: Settings) -> None:
    _queue(settings, cache="default")
    assert _ids() == ["E008"]


def test_e009_a_croniter_that_miscounts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "version", lambda _name: "6.0.0")
    assert _ids() == ["E009"]


def test_e010_a_transaction_around_each_request(database: Callable[..., None]) -> None:
    database(ATOMIC_REQUESTS=True)
    assert _ids() == ["E010"]


def test_e011_a_lease_shorter_than_the_wait(settings: Settings) -> None:
    settings.MESSAGE_LEASE = settings.SMTP_ANSWER_TIMEOUT
    assert _ids() == ["E011"]


def test_e012_a_host_name_that_allows_all(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    assert _ids() == ["E012"]


def test_every_rule_has_a_test() -> None:
    tested = {name.split("_")[1].upper() for name in globals() if name.startswith("test_e0")}
    assert tested == {number for number, _rule, _text in checks.RULES}
