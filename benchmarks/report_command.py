"""The report command on 5,000 sales beside a bare `requests` loop over the same pages."""

import csv
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
from django.core.management import call_command
from django.test.utils import override_settings

from benchmarks.figures import Figure, best_seconds
from connector.demo import login as demo
from connector.superoffice.listing import sale_query

SALES = 5000
PAGE = 1000


@contextmanager
def running_tenant() -> Iterator[dict[str, str]]:
    """The demo tenant in a process of its own, so that its work is not counted as ours."""
    command = [sys.executable, "-m", "connector.demo.tenant", "--sales", str(SALES), "--login-port", "0"]
    with (
        tempfile.TemporaryDirectory() as directory,
        subprocess.Popen(
            [*command, "--tenant-port", "0", "--directory", directory], stdout=subprocess.PIPE, text=True
        ) as process,
    ):
        try:
            assert process.stdout is not None
            words = process.stdout.readline().replace(",", " ").split()
            yield {"login": words[words.index("login") + 1], "tenant": words[words.index("tenant", 4) + 1]}
        finally:
            process.terminate()


def bare_loop(hosts: dict[str, str]) -> int:
    """What nobody can go below with `requests`: sign in, read the pages, decode them; returns the rows."""
    with requests.Session() as session:
        session.trust_env = False
        session.get(f"{hosts['login']}/api/state/{demo.CONTEXT_IDENTIFIER}", timeout=30).json()
        form = {
            "grant_type": "refresh_token",
            "client_id": demo.CLIENT_ID,
            "client_secret": demo.CLIENT_SECRET,
            "refresh_token": demo.REFRESH_TOKEN,
            "redirect_uri": demo.REDIRECT_URI,
        }
        tokens = session.post(f"{hosts['login']}/login/common/oauth/tokens", data=form, timeout=30).json()
        session.headers["Authorization"] = f"Bearer {tokens['access_token']}"
        session.headers["Accept"] = "application/json"
        session.headers["Accept-Language"] = "en"
        count, filter_ = 0, "saleId gt 0"
        while rows := session.get(
            f"{hosts['tenant']}/api/v1/Sale", params=sale_query(filter_, PAGE), timeout=60
        ).json()["value"]:
            count += len(rows)
            filter_ = f"saleId lt {rows[-1]['saleId']}"
        return count


def command(hosts: dict[str, str], output: Path) -> None:
    superoffice = {
        "client_id": demo.CLIENT_ID,
        "client_secret": demo.CLIENT_SECRET,
        "refresh_token": demo.REFRESH_TOKEN,
        "redirect_uri": demo.REDIRECT_URI,
        "context_identifier": demo.CONTEXT_IDENTIFIER,
        "environment": "sod",
        "login_url": hosts["login"],
    }
    with override_settings(SUPEROFFICE=superoffice, DEMO_PARTS=["tenant"], SUPEROFFICE_CALLS_PER_SECOND=1000):
        call_command("generate_customer_product_report", limit=SALES, output=output)


def measure() -> Figure:
    with running_tenant() as hosts, tempfile.TemporaryDirectory() as directory:
        output = Path(directory) / "product_report.csv"
        assert bare_loop(hosts) == SALES
        command(hosts, output)
        with output.open(newline="", encoding="utf-8") as stream:
            row_count = sum(1 for _row in csv.reader(stream)) - 1
        assert 0.9 * SALES < row_count < SALES, row_count
        yardstick = best_seconds(lambda: bare_loop(hosts))
        value = best_seconds(lambda: command(hosts, output))
    return Figure(
        f"report command, {SALES} sales, beside a bare requests loop", value, "s", yardstick, goal=3.0
    )
