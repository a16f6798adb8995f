"""What the log and the shared pace add to each call to SuperOffice, beside what they may cost."""

import time
from datetime import UTC, datetime

from benchmarks.figures import Figure, best_seconds
from connector.call_log import StoredCalls
from connector.models import ApiCall, Connection
from connector.pace import SharedPace
from connector.superoffice.calls import call_of
from connector.superoffice.listing import sale_query
from connector.superoffice.messages import Request, Response
from connector.superoffice.redaction import Redactor

CALLS = 1000
LOG_MAY_TAKE, PACE_MAY_TAKE = 2.0, 5.0  # milliseconds a call


def log_calls(connection: Connection) -> None:
    """Everything that logging does for a call: its words, its row, and its share of the writing."""
    log = StoredCalls(connection)
    for number in range(CALLS):
        query = sale_query(f"saleId lt {number}", 1000)
        request = Request("GET", f"https://sod2.example/Cust12345/api/v1/Sale/{number}", query=query)
        answer = Response(request, 200, {"X-Operation-Id": f"{number:032x}"}, b"{}", Redactor())
        log.note(call_of(request, answer, at=datetime.now(UTC), seconds=0.1, byte_count=2, attempt=1))
    log.close()


def reserve(pace: SharedPace, moments: list[float]) -> None:
    """Reservations by a process that is alone, five a second by its own clock, so that nobody sleeps."""
    for _ in range(CALLS):
        moments.append(moments[-1] + 0.2)
        pace.wait()


def measure() -> list[Figure]:
    connection = Connection.objects.create(name="Bench", environment="sod", context_identifier="Cust12345")
    try:
        log = best_seconds(lambda: log_calls(connection)) * 1000 / CALLS
        assert ApiCall.objects.filter(connection=connection).count() == 5 * CALLS
        moments = [time.time()]
        shared = SharedPace(connection, calls=10, clock=lambda: moments[-1])
        pace = best_seconds(lambda: reserve(shared, moments)) * 1000 / CALLS
    finally:
        connection.delete()
    return [
        Figure(
            "log of calls, added to each call, beside what it may take", log, "ms", LOG_MAY_TAKE, goal=1.0
        ),
        Figure(
            "shared pace, added to each call, beside what it may take", pace, "ms", PACE_MAY_TAKE, goal=1.0
        ),
    ]
