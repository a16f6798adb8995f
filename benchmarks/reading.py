"""Reading 50,000 sales page by page, as in production: token and pace in the database, every call in its log.

Three figures: the time beside a bare `requests` loop over the same pages, the number of calls beside what the
pages cannot be had without, and the memory at its highest in the later pages beside that in the first five.
The memory is measured by tracemalloc, which slows everything, and so in a process of its own: `python -m
benchmarks.reading LOGIN_URL`, which writes two numbers of bytes.
"""

import subprocess
import sys
import tracemalloc

import django

from benchmarks.figures import Figure, best_seconds_of_each
from benchmarks.tenant import PAGE, bare_loop, in_use, running_tenant

SALES = 50_000
FIRST_PAGES = 5
# Pages, the empty one that says there are no more, tenant state, access token and the keys it is checked with.
NEEDED_CALLS = SALES // PAGE + 1 + 3
MEGABYTE = 1024 * 1024


def measure() -> list[Figure]:
    with running_tenant(SALES) as hosts, in_use(hosts.login, calls_per_second=100):
        assert bare_loop(hosts) == read_all() == SALES
        calls = logged_calls()
        value, yardstick = best_seconds_of_each(read_all, lambda: bare_loop(hosts), rounds=5)
        later, first = memory(hosts.login)
    name = f"reading {SALES} sales"
    first_pages, later_pages = f"1 to {FIRST_PAGES}", f"pages {FIRST_PAGES + 1} to {SALES // PAGE}"
    return [
        Figure(f"{name}, beside a bare requests loop", value, "s", yardstick, goal=1.25),
        Figure(f"{name}, calls beside those it takes", calls, "calls", NEEDED_CALLS, goal=1.0),
        Figure(f"{name}, memory of {later_pages} beside {first_pages}", later, "MB", first, goal=1.1),
    ]


def read_all() -> int:
    """Sign in and read every sale; returns how many."""
    from connector import services  # noqa: PLC0415 (after Django's set-up)
    from connector.models import Connection  # noqa: PLC0415

    Connection.objects.all().delete()  # with the token and the log of the round before
    with services.open_client(services.current_connection()) as client:
        return sum(len(page) for page in client.newest_sales(page_size=PAGE))


def logged_calls() -> int:
    from connector.models import ApiCall  # noqa: PLC0415 (after Django's set-up)

    return ApiCall.objects.count()


def memory(login_url: str) -> tuple[float, float]:
    """Megabytes at the highest: in the later pages, and in the first ones."""
    command = [sys.executable, "-m", "benchmarks.reading", login_url]
    words = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    first, later = (int(word) / MEGABYTE for word in words)
    return later, first


def trace_memory(login_url: str) -> None:
    """Write the highest number of bytes in use during the first pages, and that during the others."""
    django.setup()
    from connector import services  # noqa: PLC0415 (after the set-up)

    with (
        in_use(login_url, calls_per_second=100),
        services.open_client(services.current_connection()) as client,
    ):
        tracemalloc.start()
        for number, _page in enumerate(client.newest_sales(page_size=PAGE), 1):
            if number == FIRST_PAGES:
                sys.stdout.write(f"{tracemalloc.get_traced_memory()[1]}\n")
                tracemalloc.reset_peak()
        sys.stdout.write(f"{tracemalloc.get_traced_memory()[1]}\n")


if __name__ == "__main__":
    trace_memory(sys.argv[1])
