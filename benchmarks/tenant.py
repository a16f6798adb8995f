"""The demo tenant that is measured against, and the yardstick: the same pages read by bare `requests`."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import requests
from django.test.utils import override_settings

from connector.demo import login as demo
from connector.superoffice.listing import sale_query

PAGE = 1000


@dataclass(frozen=True, slots=True)
class Hosts:
    """Addresses of the login host and of the tenant."""

    login: str
    tenant: str


@contextmanager
def running_tenant(sales: int) -> Iterator[Hosts]:
    """The demo tenant in a process of its own, so that its work is not counted as ours."""
    command = [sys.executable, "-m", "connector.demo.tenant", "--sales", str(sales), "--login-port", "0"]
    with (
        tempfile.TemporaryDirectory() as directory,
        subprocess.Popen(
            [*command, "--tenant-port", "0", "--directory", directory], stdout=subprocess.PIPE, text=True
        ) as process,
    ):
        try:
            assert process.stdout is not None
            words = process.stdout.readline().replace(",", " ").split()
            yield Hosts(login=words[words.index("login") + 1], tenant=words[words.index("tenant", 4) + 1])
        finally:
            process.terminate()


@contextmanager
def in_use(login_url: str, *, calls_per_second: int) -> Iterator[None]:
    """Inside, the tenant behind `login_url` is the one in use."""
    superoffice = {
        "client_id": demo.CLIENT_ID,
        "client_secret": demo.CLIENT_SECRET,
        "refresh_token": demo.REFRESH_TOKEN,
        "redirect_uri": demo.REDIRECT_URI,
        "context_identifier": demo.CONTEXT_IDENTIFIER,
        "environment": "sod",
        "login_url": login_url,
    }
    with override_settings(
        SUPEROFFICE=superoffice, DEMO_PARTS=["tenant"], SUPEROFFICE_CALLS_PER_SECOND=calls_per_second
    ):
        yield


def bare_loop(hosts: Hosts) -> int:
    """What nobody can go below with `requests`: sign in, read the pages, decode them; returns the rows."""
    with requests.Session() as session:
        session.trust_env = False
        session.get(f"{hosts.login}/api/state/{demo.CONTEXT_IDENTIFIER}", timeout=30).json()
        form = {
            "grant_type": "refresh_token",
            "client_id": demo.CLIENT_ID,
            "client_secret": demo.CLIENT_SECRET,
            "refresh_token": demo.REFRESH_TOKEN,
            "redirect_uri": demo.REDIRECT_URI,
        }
        tokens = session.post(f"{hosts.login}/login/common/oauth/tokens", data=form, timeout=30).json()
        session.headers["Authorization"] = f"Bearer {tokens['access_token']}"
        session.headers["Accept"] = "application/json"
        session.headers["Accept-Language"] = "en"
        count, filter_ = 0, "saleId gt 0"
        while rows := session.get(
            f"{hosts.tenant}/api/v1/Sale", params=sale_query(filter_, PAGE), timeout=60
        ).json()["value"]:
            count += len(rows)
            filter_ = f"saleId lt {rows[-1]['saleId']}"
        return count
