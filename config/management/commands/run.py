"""`python manage.py run`, called by `make run`: the whole house under one supervisor."""

import signal
import time
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config.demo_data import PASSWORD, USERS, tenant_is_demo
from config.processes import Family
from config.supervisor import Ports, RunError, Supervisor, answers, demo_environment, is_free, is_listening

WEB, WORKER, TENANT, MAIL = "The web server", "The worker", "The demo tenant", "The mail catcher"
WORKER_GRACE, GRACE = 7, 10  # seconds: for running jobs, and for everybody who waits for them


class Command(BaseCommand):
    help = "Prepare the database and start the web server, the worker, and demo parts for what is not configured."

    def handle(self, *_args: Any, **_options: Any) -> None:
        self._signal_count = 0
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._count_signal)
        self.with_tenant = settings.SUPEROFFICE is None
        self.with_mail = settings.MAIL_SERVER is None
        self.ports = Ports(settings.PORT)
        family = Family("run", settings.VAR_DIR / "run")
        living = family.take_over()
        try:
            self._refuse(living)
            self._run(family)
        except RunError as error:
            raise CommandError(str(error)) from None
        finally:
            family.leave()

    def _refuse(self, living: int | None) -> None:
        """Say in one sentence why there cannot be a run, before anything is started."""
        if self.with_tenant and not settings.IS_LOCAL:
            raise RunError(
                "ALLOWED_HOSTS names other hosts than this machine, and the password of the demo logins is public. "
                "Name a real tenant with SO_CLIENT_ID and the other SO_ variables, or remove ALLOWED_HOSTS."
            )
        for name, port in self._needed_ports():
            if port > 65535:
                raise RunError("PORT must leave room for four more ports up to 65535: try PORT=8000.")
            if not is_free(port):
                raise RunError(f"Port {port} for {name} is taken. Choose another one: PORT=8100 make run")
        if living is not None:
            raise RunError(
                f"Sales Desk is running here already (process {living}); a second one in this folder would "
                "only be in its way."
            )

    def _needed_ports(self) -> list[tuple[str, int]]:
        needed = [("the web server", self.ports.web)]
        if self.with_tenant:
            needed += [("the demo tenant", self.ports.login), ("the demo tenant", self.ports.tenant)]
        if self.with_mail:
            needed += [
                ("the mail catcher", self.ports.smtp),
                ("the pages with caught mails", self.ports.mails),
            ]
        return needed

    def _run(self, family: Family) -> None:
        demo = demo_environment(self.ports, with_tenant=self.with_tenant, with_mail=self.with_mail)
        supervisor = Supervisor({**demo, **family.environment}, settings.BASE_DIR, self._say, self._is_ending)
        try:
            self._prepare(supervisor)
            if not self._is_ending():
                self._start(supervisor)
            if not self._is_ending():
                self._say("\n".join(self._summary()))
            while not self._is_ending():
                supervisor.look_after()
                time.sleep(0.2)
            self._say("Sales Desk ends.")
        finally:
            supervisor.end((WEB, WORKER), GRACE, lambda: self._signal_count > 1)

    def _prepare(self, supervisor: Supervisor) -> None:
        for name, *arguments in (
            ("The preparation of the database (migrate)", "migrate", "--no-input"),
            ("The collection of static files (collectstatic)", "collectstatic", "--no-input"),
            ("The loading of demo data (demo_data)", "demo_data"),
        ):
            if not self._is_ending():
                supervisor.step(name, *arguments, "--verbosity", "0")

    def _start(self, supervisor: Supervisor) -> None:
        ports, var = self.ports, settings.VAR_DIR
        if self.with_tenant:
            own = ["--directory", str(var / "demo-tenant")]
            own += ["--login-port", str(ports.login), "--tenant-port", str(ports.tenant)]
            supervisor.start(TENANT, "-m", "connector.demo.tenant", *own, needs_secrets=False)
        if self.with_mail:
            own = ["--directory", str(var / "demo-mail")]
            own += ["--smtp-port", str(ports.smtp), "--http-port", str(ports.mails)]
            supervisor.start(MAIL, "-m", "connector.demo.mail_catcher", *own, needs_secrets=False)
        supervisor.start(WEB, "-m", "gunicorn", "config.wsgi", *_gunicorn(ports.web))
        supervisor.start(WORKER, str(settings.BASE_DIR / "manage.py"), "worker", "--grace", str(WORKER_GRACE))
        for name, port in self._needed_ports()[1:]:
            supervisor.wait_for(lambda port=port: is_listening(port), name.capitalize())  # type: ignore[misc]
        host = settings.ALLOWED_HOSTS[0].lstrip(".")
        supervisor.wait_for(lambda: answers(ports.web, host), WEB)

    def _summary(self) -> list[str]:
        """What the person at the terminal has to know now."""
        lines = ["", f"Sales Desk is ready:  http://127.0.0.1:{self.ports.web}/", ""]
        if self.with_tenant and tenant_is_demo():
            lines += [f"Demo logins, all with the password  {PASSWORD}"]
            lines += [f"  {user.username:<10} {user.role:<15} {user.full_name}" for user in USERS]
            lines += ["", "SuperOffice is a demo tenant with invented data. SO_… in .env names a real one."]
        elif self.with_tenant:
            lines += [
                "SuperOffice is the tenant that an administrator has configured; the demo logins are locked."
            ]
        else:
            lines += [f"SuperOffice is the tenant {(settings.SUPEROFFICE or {})['context_identifier']}."]
            lines += ["First login:  .venv/bin/python manage.py createsuperuser"]
        if self.with_mail:
            lines += [
                "The mail server is a demo: it keeps every mail and sends none on. SMTP_… in .env names a real one.",
                f"Caught mails:         http://127.0.0.1:{self.ports.mails}/",
            ]
        else:
            lines += [f"Mails leave through {(settings.MAIL_SERVER or {})['host']}."]
        return [*lines, "", "Ctrl-C ends everything; the data stays.", ""]

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()

    def _is_ending(self) -> bool:
        return self._signal_count > 0

    def _count_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._signal_count += 1


def _gunicorn(port: int) -> list[str]:
    """Only this machine can reach it; whoever wants more puts a web server with TLS in front."""
    return [
        f"--bind=127.0.0.1:{port}",
        "--workers=2",
        "--worker-class=gthread",
        "--threads=4",
        "--graceful-timeout=5",
        "--no-control-socket",
        "--log-level=warning",
    ]
