"""Shared fixtures: the house's people, the demo tenant, a mail server, a browser, and no way out."""

import ipaddress
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher, get_hasher
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.db import connection as database
from django.http import HttpResponse
from pytest_django import Settings
from whitenoise.middleware import WhiteNoiseMiddleware

from connector import roles
from connector.demo.mail_catcher import MailCatcher
from connector.demo.tenant import DemoTenant
from connector.models import Connection, Mailbox, Origin, Representative
from tests.environment import VAR_DIR
from tests.machine import find_chromium

PASSWORD = "correct-horse-7-battery"


# --- Which tests run where ---------------------------------------------------------------------------------


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """TESTS_OF narrows a pass to one part of the suite, see `_part`. Without it everything runs."""
    part = os.environ.get("TESTS_OF", "")
    if not part:
        return
    kept = [item for item in items if _part(item) == part]
    chosen = set(kept)
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = kept


def _part(item: pytest.Item) -> str:
    """What a test needs: "both" kinds of database, a database of any kind "once", or none ("elsewhere")."""
    touching = {"db", "transactional_db", "house"}  # "house": processes of their own on the same database
    marked = any(item.get_closest_marker(name) for name in ("django_db", "browser"))
    if not marked and not touching & set(getattr(item, "fixturenames", ())):
        return "elsewhere"
    is_once = any(item.get_closest_marker(name) for name in ("browser", "once"))
    return "once" if is_once else "both"


# --- Nothing leaves this machine --------------------------------------------------------------------------


class NetworkRefusedError(AssertionError):
    """A test tried to reach something that is not this machine."""


def _is_local(host: object) -> bool:
    if host in (None, "", "localhost", b"localhost"):
        return True
    try:
        return ipaddress.ip_address(str(host)).is_loopback
    except ValueError:
        return False


@pytest.fixture(autouse=True, scope="session")
def _no_way_out() -> Iterator[None]:
    """Refuse name look-ups and connections that are not loopback; local sockets and files are fine."""
    connect, connect_ex, look_up = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def refuse(address: Any) -> None:
        if isinstance(address, tuple) and not _is_local(address[0]):
            raise NetworkRefusedError(f"tests may not connect to {address[0]}")

    def guarded_connect(self: socket.socket, address: Any) -> None:
        refuse(address)
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        refuse(address)
        return connect_ex(self, address)

    def guarded_look_up(host: Any, *args: Any, **kwargs: Any) -> Any:
        if not _is_local(host) and host != socket.gethostname():
            raise NetworkRefusedError(f"tests may not look up {host}")
        return look_up(host, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded_connect)
        patch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
        patch.setattr(socket, "getaddrinfo", guarded_look_up)
        yield


# --- Database and files -----------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """SQLite in a file with its journal, as in an installation; in memory it locks differently."""
    if database.vendor == "sqlite":
        database.settings_dict["TEST"]["NAME"] = str(VAR_DIR / "test.sqlite3")


@pytest.fixture(autouse=True, scope="session")
def _collected_static() -> Iterator[None]:
    """Pages name their static files by hash, so the files are collected once, and looked up once.

    WhiteNoise reads the whole folder when it is made, a server's does so once. Each test's client makes one.
    """
    call_command("collectstatic", interactive=False, verbosity=0)
    found = WhiteNoiseMiddleware(lambda request: HttpResponse()).files

    def update_files_dictionary(self: WhiteNoiseMiddleware, root: str, prefix: str) -> None:
        assert (Path(root), prefix) == (Path(settings.STATIC_ROOT), f"/{settings.STATIC_URL.lstrip('/')}")
        self.files.update(found)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WhiteNoiseMiddleware, "update_files_dictionary", update_files_dictionary)
        yield


@pytest.fixture(autouse=True, scope="session")
def _quick_hashing() -> Iterator[None]:
    """The installation's own way to hash passwords, with fewer rounds: a million take half a second each.

    Processes that tests start make all rounds.
    """
    assert get_hasher().algorithm == PBKDF2PasswordHasher.algorithm
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PBKDF2PasswordHasher, "iterations", 2_000)
        yield


# --- People -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class People:
    """One user per role, two representatives, and somebody with a login and no role at all."""

    administrator: User
    approver: User
    jonas: User
    sabine: User
    viewer: User
    outsider: User


def _user(username: str, first_name: str, last_name: str) -> User:
    user = User(username=username, first_name=first_name, last_name=last_name)
    user.email = f"{username}@kehrwieder.example"
    user.is_staff = username == "admin"
    user.set_unusable_password()
    return user


def _mailbox(user: User) -> Mailbox:
    return Mailbox(
        name=user.get_full_name(),
        origin=Origin.DEMO,
        host="127.0.0.1",
        port=1,  # nobody listens there; `mail_server` brings somebody
        security=Mailbox.Security.NONE,
        from_address=f"{user.first_name}.{user.last_name}@kehrwieder.example".lower(),
        from_name=user.get_full_name(),
    )


def _representatives(associates: dict[int, User]) -> None:
    mailboxes = Mailbox.objects.bulk_create(_mailbox(user) for user in associates.values())
    Representative.objects.bulk_create(
        Representative(
            user=user,
            associate_id=associate_id,
            mailbox=mailbox,
            signature=f"{user.get_full_name()}\nKehrwieder Robotik GmbH",
        )
        for (associate_id, user), mailbox in zip(associates.items(), mailboxes, strict=True)
    )


def _give_roles(holders: dict[str, list[User]]) -> None:
    # Tests with real transactions empty all tables afterwards, the groups of the migration too.
    Group.objects.bulk_create((Group(name=role) for role in roles.ROLES), ignore_conflicts=True)
    groups = {group.name: group for group in Group.objects.all()}
    User.groups.through.objects.bulk_create(
        User.groups.through(user=user, group=groups[role])
        for role, users in holders.items()
        for user in users
    )
    roles.grant_administrator_permissions()


@pytest.fixture
def people(db: None) -> People:
    """Few queries, because half of the tests begin with them."""
    users = [
        _user("admin", "Ada", "Admin"),
        _user("approver", "Frieda", "Frei"),
        _user("jonas", "Jonas", "Weber"),
        _user("sabine", "Sabine", "Kranz"),
        _user("viewer", "Viktor", "Viewer"),
        _user("outsider", "Otto", "Outsider"),
    ]
    everybody = People(*User.objects.bulk_create(users))
    _give_roles(
        {
            roles.ADMINISTRATOR: [everybody.administrator],
            roles.APPROVER: [everybody.approver],
            roles.REPRESENTATIVE: [everybody.jonas, everybody.sabine],
            roles.VIEWER: [everybody.viewer],
        }
    )
    _representatives({5: everybody.jonas, 6: everybody.sabine})
    return everybody


# --- What is outside --------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def _running_tenant() -> Iterator[DemoTenant]:
    with DemoTenant() as tenant:
        yield tenant


@pytest.fixture
def demo_tenant(_running_tenant: DemoTenant) -> Iterator[DemoTenant]:
    """The session's demo tenant with every fault switched off and its list of requests empty.

    Documents that other tests made stay: look at what is new.
    """
    _running_tenant.faults.clear()
    _running_tenant.forget_requests()
    yield _running_tenant
    _running_tenant.faults.clear()


@pytest.fixture
def connection(db: None, demo_tenant: DemoTenant, settings: Settings) -> Connection:
    """The row that leads to the demo tenant; no token has been fetched yet."""
    settings.DEMO_PARTS = sorted({*settings.DEMO_PARTS, "tenant"})
    return Connection.objects.create(
        name="Demo",
        origin=Origin.DEMO,
        environment=Connection.Environment.SOD,
        login_url=demo_tenant.login_url,
        context_identifier=demo_tenant.context_identifier,
        client_id=demo_tenant.client_id,
        client_secret=demo_tenant.client_secret,
        refresh_token=demo_tenant.refresh_token,
        redirect_uri=demo_tenant.redirect_uri,
    )


@pytest.fixture
def mail_catcher(tmp_path: Path) -> Iterator[MailCatcher]:
    """A real SMTP server on loopback, new for each test."""
    with MailCatcher(tmp_path / "caught-mails") as catcher:
        yield catcher


@pytest.fixture
def mail_server(people: People, mail_catcher: MailCatcher, settings: Settings) -> MailCatcher:
    """The same server, with everybody's mailbox on it."""
    settings.DEMO_PARTS = sorted({*settings.DEMO_PARTS, "mail"})
    Mailbox.objects.update(host="127.0.0.1", port=mail_catcher.smtp_port)
    return mail_catcher


# --- The browser ------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def chromium() -> dict[str, Any]:
    """Arguments for Playwright's `chromium.launch`. Without a browser: skipped, or failed when CI is set."""
    path = find_chromium()
    if path is None:
        say = pytest.fail if os.environ.get("CI") else pytest.skip
        say("There is no Chromium; `make test` gets one.")
    arguments = ["--disable-background-networking", "--no-proxy-server"]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")
    return {"executable_path": path, "args": arguments}
