"""A stand-in for SuperOffice CRM Online: a login host and a tenant host on two ports of 127.0.0.1.

In a test:

    with DemoTenant() as tenant:
        requests.get(f"{tenant.login_url}/api/state/{tenant.context_identifier}")

From the command line: `python -m connector.demo.tenant --directory var/demo-tenant --login-port 8101
--tenant-port 8102`.
"""

import argparse
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Self

from connector.demo import keys, registration, seeds
from connector.demo.bodies import base_now
from connector.demo.changes import SaleChanges
from connector.demo.faults import Faults
from connector.demo.login import LoginHost
from connector.demo.routes import Acted, TenantHost
from connector.demo.seen import SeenRequest, SeenRequests
from connector.demo.serving import Application, DemoServer
from connector.demo.sessions import Sessions
from connector.demo.sign_ins import SignIns
from connector.demo.store import Appointment, Store, StoredDocument
from connector.demo.story import Story, tell
from connector.demo.system_user import SystemUserExchange


class DemoTenant:
    """One demo tenant. `start` binds the ports (0 = chosen by the system), `stop` leaves nothing behind.

    With a directory, documents, follow-ups, foreign keys, sign-ins and the app's key pair survive a restart, and so
    does the day the data set was told for; without one they live in memory. Starting raises OSError when a port is
    taken.
    """

    context_identifier = registration.CONTEXT_IDENTIFIER
    client_id = registration.CLIENT_ID
    client_secret = registration.CLIENT_SECRET
    refresh_token = registration.REFRESH_TOKEN
    redirect_uri = registration.REDIRECT_URI
    system_user_token = registration.SYSTEM_USER_TOKEN
    onsite_user = registration.ONSITE_USER
    onsite_password = registration.ONSITE_PASSWORD

    def __init__(
        self,
        directory: Path | None = None,
        login_port: int = 0,
        tenant_port: int = 0,
        today: date | None = None,
        sales: int = 400,
    ) -> None:
        self.directory = directory
        self._sessions = Sessions()
        names = (self.context_identifier, registration.ONSITE_PATH)
        self.faults = Faults(names, self._sessions.expire_all)
        self.login_url = ""
        self.tenant_url = ""
        # The same tenant as an installation of one's own: another address, a password, no login host.
        self.onsite_url = ""
        self._ports = (login_port, tenant_port)
        self._today = today
        self._sales = sales
        self._seen = SeenRequests()
        self._servers: list[DemoServer] = []
        self._tenant_host: TenantHost | None = None
        self._store: Store | None = None
        self._story: Story | None = None
        self._changes: SaleChanges | None = None

    def start(self) -> Self:
        """Open the store, tell the story, listen on both ports."""
        self._store = Store(self.directory)
        try:
            if self.directory is not None:
                # Somebody may want to read it from there before the first system user comes.
                keys.app_private_key(self.directory)
            self._story = self._told(self._store)
            self._changes = SaleChanges(self._story)
            self._listen(self._store, self._story)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Hang up, wait for the requests under way, close the store. Stopping twice does no harm."""
        while self._servers:
            self._servers.pop().stop()
        if self._store is not None:
            self._store.close()
            self._store = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def story(self) -> Story:
        """The data set: companies, persons, sales and users by id."""
        if self._story is None:
            raise RuntimeError("The demo tenant has not been started")
        return self._story

    def change_sale(self, sale_id: int, **values: Any) -> None:
        """Change fields of a sale (see `story.Sale`); `updated_at` moves to now unless it is among them. What
        belongs to the sale's quote, like `goods` or `status`, makes a new quote. Raises KeyError.
        """
        self._sale_changes().change(sale_id, values)

    def remove_sale(self, sale_id: int) -> None:
        """Take a sale away with its quote, as deleting it or merging it into another does. Raises KeyError."""
        self._sale_changes().remove(sale_id)

    def add_sale(self, heading: str, **values: Any) -> int:
        """A new open sale of today, with a company and a person; `values` are further fields. Returns its number,
        the highest so far.
        """
        return self._sale_changes().add(heading, values)

    @contextmanager
    def sales_restored_afterwards(self) -> Iterator[None]:
        """Change sales inside a `with` block and leave no trace, but that numbers are not given out again."""
        with self._sale_changes().undone_afterwards():
            yield

    @property
    def private_key(self) -> str:
        """The registered app's private key, with which the system user's token is signed: PEM text, PKCS#8."""
        return keys.app_private_key(self.directory)

    @property
    def documents(self) -> list[StoredDocument]:
        """The documents that callers created, oldest first, each with its card and its bytes (None: nothing
        uploaded).
        """
        return self._open_store().created_documents()

    @property
    def appointments(self) -> list[Appointment]:
        """The follow-ups that callers created, oldest first."""
        return self._open_store().created_appointments()

    @property
    def requests(self) -> list[SeenRequest]:
        """The requests to both hosts so far, oldest first, without secrets."""
        return self._seen.all()

    def forget_requests(self) -> None:
        self._seen.forget()

    @property
    def acted(self) -> list[Acted]:
        """The calls of operations that act for real (send mails, run scripts) since the start, granted or not."""
        return self._tenant_host.acted if self._tenant_host else []

    def _sale_changes(self) -> SaleChanges:
        if self._changes is None:
            raise RuntimeError("The demo tenant has not been started")
        return self._changes

    def _open_store(self) -> Store:
        if self._store is None:
            raise RuntimeError("The demo tenant is not running")
        return self._store

    def _told(self, store: Store) -> Story:
        day, is_new = store.begin_story(self._today or base_now().date())
        story = tell(self._today or day, self._sales)
        if is_new:
            seeds.sow(story, store)
        return story

    def _listen(self, store: Store, story: Story) -> None:
        system_user = SystemUserExchange(self.faults, self._sessions, lambda: self.private_key)
        login_host = LoginHost(self.faults, self._sessions, SignIns(store.database), system_user)
        tenant_host = self._tenant_host = TenantHost(story, store, self.faults, self._sessions)
        applications: tuple[Application, Application] = (login_host, tenant_host)
        for port, application in zip(self._ports, applications, strict=True):
            try:
                self._servers.append(DemoServer(port, application, self.faults, self._seen))
            except OSError as error:
                reason = f"port {port} of 127.0.0.1 cannot be used ({error.strerror})"
                raise OSError(error.errno, reason) from None
        self.login_url = login_host.login_url = f"http://127.0.0.1:{self._servers[0].port}"
        host = f"http://127.0.0.1:{self._servers[1].port}"
        self.tenant_url = f"{host}/{self.context_identifier}"
        self.onsite_url = f"{host}/{registration.ONSITE_PATH}"
        login_host.tenant_root = tenant_host.root = self.tenant_url
        tenant_host.onsite_root = self.onsite_url
        for server in self._servers:
            server.start()


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT. 0 = ended as asked, 2 = a port is taken."""
    options = _options(arguments)
    ended = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        ended.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    tenant = DemoTenant(options.directory, options.login_port, options.tenant_port, sales=options.sales)
    try:
        tenant.start()
    except OSError as error:
        print(f"Demo tenant: {error.strerror or error}.", file=sys.stderr)  # noqa: T201
        return 2
    try:
        print(f"Demo tenant ready: login {tenant.login_url}, tenant {tenant.tenant_url}", flush=True)  # noqa: T201
        ended.wait()
    finally:
        tenant.stop()
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m connector.demo.tenant", description="Serve a demo tenant on 127.0.0.1."
    )
    parser.add_argument(
        "--directory", type=Path, help="keep documents and follow-ups here (default: in memory)"
    )
    parser.add_argument(
        "--login-port", type=int, default=0, help="port of the login host (default: any free one)"
    )
    parser.add_argument(
        "--tenant-port", type=int, default=0, help="port of the tenant host (default: any free one)"
    )
    parser.add_argument("--sales", type=int, default=400, help="how many sales to invent (default: 400)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
