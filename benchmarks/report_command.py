"""The report command on 5,000 sales beside a bare `requests` loop over the same pages.

With `--headings-only`: the bare loop reads no quotes either, so that both make the same calls.
"""

import csv
import tempfile
from pathlib import Path

from django.core.management import call_command

from benchmarks.figures import Figure, best_seconds_of_each
from benchmarks.tenant import bare_loop, in_use, running_tenant

SALES = 5000


def measure() -> list[Figure]:
    with (
        running_tenant(SALES) as hosts,
        in_use(hosts.login, calls_per_second=1000),
        tempfile.TemporaryDirectory() as directory,
    ):
        output = Path(directory) / "product_report.csv"

        def command() -> None:
            call_command("generate_customer_product_report", limit=SALES, output=output, headings_only=True)

        assert bare_loop(hosts) == SALES
        command()
        with output.open(newline="", encoding="utf-8") as stream:
            row_count = sum(1 for _row in csv.reader(stream)) - 1
        assert 0.9 * SALES < row_count < SALES, row_count
        value, yardstick = best_seconds_of_each(command, lambda: bare_loop(hosts), rounds=8)
    name = f"report command, {SALES} sales, beside a bare requests loop"
    return [Figure(name, value, "s", yardstick, goal=3.0)]
