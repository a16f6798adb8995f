"""The log of calls: every exchange with SuperOffice, kept for as long as SuperOffice asks for it."""

import logging
import threading
from datetime import datetime, timedelta

from django.conf import settings
from django.db import Error, transaction
from django.db import connection as database

from connector.context import acting_user_id, current_job
from connector.models import ApiCall, Connection
from connector.stopping import is_stopping
from connector.superoffice.calls import Call

logger = logging.getLogger(__name__)

WAITING = 50  # calls that are written together
PRUNED = 1000  # rows that are deleted together: others want to write in between
_NOBODY = "-"


class StoredCalls:
    """Keeps the calls of one client as rows, and knows for which job and for whom they were made.

    They are written many at a time, a failed one at once; `close` writes the rest. A database that refuses
    is logged and costs rows, never the call; inside of somebody's transaction it leaves that whole.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection_id, self._environment = connection.pk, connection.environment
        # A thread of the client's own knows neither job nor user: what held at the beginning holds for it.
        self._job, self._user_id = current_job(), acting_user_id()
        self._waiting: list[ApiCall] = []
        self._lock = threading.Lock()

    def note(self, call: Call) -> None:
        row = self._row(call)
        with self._lock:
            self._waiting.append(row)
            is_due = call.is_failed or len(self._waiting) >= WAITING
        if is_due:
            self._write()

    def close(self) -> None:
        self._write()

    def _row(self, call: Call) -> ApiCall:
        job = current_job() if current_job() != _NOBODY else self._job
        return ApiCall(
            connection_id=self._connection_id,
            environment=self._environment,
            at=call.at,
            method=call.method[:8],
            operation=call.operation[:200],
            asked=call.asked,
            status=call.status,
            outcome=call.outcome[:40],
            error_type=call.error_type[:100],
            detail=call.detail,
            milliseconds=max(0, round(call.seconds * 1000)),
            byte_count=call.byte_count,
            attempt=call.attempt,
            operation_id=call.operation_id[:100],
            job="" if job == _NOBODY else job[:60],
            user_id=acting_user_id() or self._user_id,
        )

    def _write(self) -> None:
        with self._lock:
            rows, self._waiting = self._waiting, []
        if not rows:
            return
        is_inside = database.in_atomic_block
        try:
            with transaction.atomic():
                ApiCall.objects.bulk_create(rows)
                if is_inside:
                    # What points to a row that is gone is found out now and not at somebody else's commit.
                    database.check_constraints([ApiCall._meta.db_table])
        except Error as problem:
            logger.warning("%d calls are missing in the log: %s", len(rows), problem)


def prune_calls(now: datetime) -> int:
    """Delete what is older than CALL_LOG_DAYS, in small transactions; returns how many rows went."""
    old = ApiCall.objects.filter(at__lt=now - timedelta(days=settings.CALL_LOG_DAYS)).order_by("at")
    count = 0
    while not is_stopping():
        numbers = list(old.values_list("pk", flat=True)[:PRUNED])
        if not numbers:
            break
        count += ApiCall.objects.filter(pk__in=numbers).delete()[0]
    return count
