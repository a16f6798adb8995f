"""System checks of our own: cheap, and they stop a bad installation before it does harm."""

from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.checks import CheckMessage, Error, Tags, register

Rule = Callable[[], bool]


def _sqlite_is_safe() -> bool:
    options = settings.DATABASES["default"].get("OPTIONS", {})
    init = str(options.get("init_command", "")).lower()
    return not settings.IS_SQLITE or (
        options.get("transaction_mode") == "IMMEDIATE"
        and "journal_mode=wal" in init
        and "synchronous=full" in init
    )


def _retry_is_long_enough() -> bool:
    base = settings.Q_CLUSTER
    for own in ({}, *base["ALT_CLUSTERS"].values()):
        cluster = {**base, **own}
        waiting = (cluster["queue_limit"] + cluster["bulk"]) / cluster["workers"]
        if cluster["retry"] < cluster["timeout"] * (1 + waiting) + 60:
            return False
    return True


def _mail_waits_longer_than_leases() -> bool:
    mail = settings.Q_CLUSTER["ALT_CLUSTERS"]["mail"]
    return bool(settings.SMTP_ANSWER_TIMEOUT < settings.MESSAGE_LEASE < mail["timeout"])


def _cluster_cache_is_shared() -> bool:
    backend = settings.CACHES[settings.Q_CLUSTER["cache"]]["BACKEND"]
    return not backend.endswith(("LocMemCache", "DummyCache"))


def _queue_is_not_in_the_admin() -> bool:
    return not any(model._meta.app_label == "django_q" for model in admin.site._registry)


def _keys_differ() -> bool:
    return bool(settings.FIELD_KEYS) and settings.SECRET_KEY not in settings.FIELD_KEYS


RULES: Sequence[tuple[str, Rule, str]] = (
    ("E001", _sqlite_is_safe, "SQLite needs IMMEDIATE transactions, WAL and synchronous=FULL."),
    (
        "E002",
        _retry_is_long_enough,
        "Q_CLUSTER retry must be at least timeout × (1 + (queue_limit + bulk) / workers) + 60.",
    ),
    (
        "E003",
        lambda: settings.Q_CLUSTER["guard_cycle"] == 0.5,
        "Q_CLUSTER guard_cycle must be 0.5, or time-outs never fire.",
    ),
    (
        "E004",
        lambda: "pool" not in settings.DATABASES["default"].get("OPTIONS", {}),
        "A psycopg pool does not survive the worker's forks.",
    ),
    ("E005", lambda: settings.Q_CLUSTER["orm"] == "default", "Q_CLUSTER must use the default database."),
    ("E006", _queue_is_not_in_the_admin, "django-q2's models in the admin let any editor run code."),
    ("E007", _keys_differ, "FIELD_KEYS must be set and differ from SECRET_KEY."),
    ("E008", _cluster_cache_is_shared, "The cache of Q_CLUSTER must be shared between processes."),
    (
        "E009",
        lambda: int(version("croniter").split(".")[0]) >= 7,
        "croniter before 7 miscounts across daylight saving.",
    ),
    (
        "E010",
        lambda: not settings.DATABASES["default"].get("ATOMIC_REQUESTS"),
        "ATOMIC_REQUESTS makes every page a writer.",
    ),
    (
        "E011",
        _mail_waits_longer_than_leases,
        "SMTP_ANSWER_TIMEOUT < MESSAGE_LEASE < timeout of the mail cluster must hold.",
    ),
    ("E012", lambda: "*" not in settings.ALLOWED_HOSTS, "ALLOWED_HOSTS must name hosts, not '*'."),
)


@register(Tags.security)
def sales_desk(app_configs: Any, **_kwargs: Any) -> list[CheckMessage]:
    return [Error(text, id=f"sales_desk.{number}") for number, holds, text in RULES if not holds()]
