"""`python -m tests.connector.pacing_process TENANT CALLS COUNT`: a process that keeps the shared pace.

It says "ready", waits for a line, and prints the moments at which it was let go, in seconds since 1970.
"""

import sys
import time

import django

django.setup()  # models can be imported only after it

from connector.models import Connection  # noqa: E402
from connector.pace import SharedPace  # noqa: E402


def main(tenant: str, calls: int, count: int) -> None:
    connection = Connection(environment=Connection.Environment.SOD, context_identifier=tenant)
    pace = SharedPace(connection, calls=calls)
    print("ready", flush=True)  # noqa: T201 - the test reads it
    sys.stdin.readline()
    moments = []
    for _ in range(count):
        pace.wait()
        moments.append(time.time())
    print(*moments)  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
