"""Fixtures of the outreach tests: short times, a desk, and mail servers that misbehave on command."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from connector.demo.tenant import DemoTenant
from connector.models import Connection, Mailbox
from outreach.models import MailTemplate
from tests.conftest import People, Settings
from tests.connector.smtp.scripted_server import Script, ScriptedServer
from tests.outreach.desk import Desk, TenantChange

MailScript = Callable[[Script], ScriptedServer]
BODY = """Guten Tag {{ person.name }},

bei uns steht: {{ sale.heading }}

Viele Grüße
{{ representative.name }}
"""


@pytest.fixture(autouse=True)
def _short_times(settings: Settings) -> None:
    settings.APPROVAL_HOLD = 0
    settings.SMTP_ANSWER_TIMEOUT = 1
    settings.MESSAGE_LEASE = 30
    settings.SUPEROFFICE_CALLS_PER_SECOND = 1000
    settings.DEMO_PARTS = ["mail", "tenant"]


@pytest.fixture
def template(db: None) -> MailTemplate:
    return MailTemplate.objects.create(
        name="Rückfrage",
        language="de",
        legal_basis=MailTemplate.LegalBasis.CONTRACT,
        subject="Rückfrage zu Ihrem Auftrag",
        body=BODY,
    )


@pytest.fixture
def desk(people: People, connection: Connection, demo_tenant: DemoTenant, template: MailTemplate) -> Desk:
    return Desk(people, connection, demo_tenant, template)


@pytest.fixture
def tenant_change(demo_tenant: DemoTenant) -> Iterator[TenantChange]:
    change = TenantChange(demo_tenant)
    yield change
    change.undo()


@pytest.fixture
def mail_script(people: People) -> Iterator[MailScript]:
    """Start an SMTP server that follows a script, and lead every mailbox to it."""
    with ExitStack() as stack:

        def start(script: Script) -> ScriptedServer:
            server = stack.enter_context(ScriptedServer(script))
            Mailbox.objects.update(host="127.0.0.1", port=server.port)
            return server

        yield start
