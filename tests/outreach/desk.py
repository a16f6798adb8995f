"""Short words for what the tests of outreach do again and again, on real rows and the demo tenant."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.contrib.auth.models import User
from django.db import models
from django.utils import timezone

from connector.demo.providers import Providers
from connector.demo.store import StoredDocument
from connector.demo.story import Sale as DemoSale
from connector.demo.tenant import DemoTenant
from connector.models import Connection, Mailbox
from connector.services import open_client
from outreach import archiving, delivery, services
from outreach.models import Draft, MailTemplate, Message
from reports.local_copy import sync
from reports.models import Sale
from tests.conftest import People

JONAS, SABINE = 5, 6  # associate ids
AnyRow = TypeVar("AnyRow", bound=models.Model)


class Desk:
    """One installation: people, a tenant, a template. `sale` never gives the same person twice."""

    def __init__(
        self, people: People, connection: Connection, tenant: DemoTenant, template: MailTemplate
    ) -> None:
        self.people, self.connection, self.tenant, self.template = people, connection, tenant, template
        self._writable = {owner: self._persons_to_write_to(owner) for owner in (JONAS, SABINE)}
        self._documents_before = {one.card.document_id for one in tenant.documents}

    # --- Making ---------------------------------------------------------------------------------------

    def sale(self, owner: int = JONAS) -> Sale:
        """The local copy of a sale whose person may be written to."""
        return self.copy(next(self._writable[owner]).sale_id)

    def copy(self, sale_id: int) -> Sale:
        with open_client(self.connection) as client:
            sale = client.sale(sale_id)
        return sync.store(self.connection, [sale], now=timezone.now())[sale_id]

    def draft(self, sale: Sale | None = None, *, owner: int = JONAS, **values: Any) -> Draft:
        """A pending draft; `values` are written over its columns."""
        made = services.create_drafts(
            sales=[sale or self.sale(owner)],
            template=self.template,
            by=self.people.approver,
            now=timezone.localtime(),
        )
        assert made.drafts, [str(plan.reason) for plan in made.left_out]
        Draft.objects.filter(pk=made.drafts[0].pk).update(**values)
        return self.fresh_draft(made.drafts[0])

    def approve(
        self, draft: Draft, *, by: User | None = None, revision: int = 0, now: datetime | None = None
    ) -> Message:
        return services.approve_draft(
            draft=draft,
            revision=revision or draft.revision,
            by=by or self.people.approver,
            now=now or timezone.localtime(),
        )

    def message(self, *, owner: int = JONAS, **values: Any) -> Message:
        """An approved mail that is due; `values` are written over the draft's columns before."""
        return self.approve(self.draft(owner=owner, **values))

    def in_state(self, status: str, *, sale_of: int = JONAS, **values: Any) -> Message:
        """A message that got to `status` some other way; its times are what the constraints want."""
        message = self.message(owner=sale_of)
        past = timezone.now() - timedelta(minutes=20)
        always: dict[str, Any] = {"status": status, "fence": 1, "attempt_count": 1}
        if status in {"committing", "uncertain", "sent"}:
            always["committing_at"] = past
        if status == "sent":
            always |= {"sent_at": past, "archive_due_at": past}
        if status in {"sending", "committing"}:
            always["lease_until"] = timezone.now() + timedelta(minutes=5)
        return self.set(message, **{**always, **values})

    def set(self, row: AnyRow, **values: Any) -> AnyRow:
        type(row)._default_manager.filter(pk=row.pk).update(**values)
        return self.fresh(row)

    # --- Doing ----------------------------------------------------------------------------------------

    def dispatch(self, seconds: float = 2.0) -> int:
        return delivery.dispatch(seconds=seconds, pause=0.02)

    def make_due(self, message: Message) -> None:
        Message.objects.filter(pk=message.pk).update(due_at=timezone.now())

    def archive(self, message: Message) -> bool:
        """One attempt to file this message, whatever else is due."""
        Message.objects.filter(pk=message.pk).update(archive_due_at=timezone.now(), archive_lease_until=None)
        claimed = archiving._claim(message.pk, timezone.now())
        assert claimed is not None
        return archiving.archive(claimed)

    # --- Looking --------------------------------------------------------------------------------------

    def fresh(self, row: AnyRow) -> AnyRow:
        return type(row)._default_manager.get(pk=row.pk)

    def fresh_draft(self, draft: Draft) -> Draft:
        """The draft as a view loads it."""
        return Draft.objects.for_pages().select_related("sale__connection").get(pk=draft.pk)

    def documents(self) -> list[StoredDocument]:
        """The documents in the tenant that this test made."""
        return [one for one in self.tenant.documents if one.card.document_id not in self._documents_before]

    def actions(self, draft: Draft) -> list[str]:
        return list(draft.events.order_by("pk").values_list("action", flat=True))

    def everything(self, message: Message) -> dict[str, Any]:
        """Every column of a message, its draft, and how many events there are: to see that nothing changed."""
        return {
            "message": Message.objects.filter(pk=message.pk).values().get(),
            "draft": Draft.objects.filter(pk=message.draft_id).values().get(),
            "events": message.draft.events.count(),
            "deliveries": message.deliveries.count(),
            "mailbox": Mailbox.objects.filter(pk=message.mailbox_id).values().get(),
        }

    def _persons_to_write_to(self, owner: int) -> Iterator[DemoSale]:
        story, seen = self.tenant.story, set[int]()
        for sale in sorted(story.sales.values(), key=lambda one: -one.sale_id):
            person, company = story.persons.get(sale.person_id), story.companies.get(sale.company_id)
            if sale.associate_id != owner or person is None or company is None or person.person_id in seen:
                continue
            fine = person.email and not (person.no_mail or person.retired or person.email in person.bounced)
            plain = sale.heading.strip() and len(sale.heading) < 80 and sale.heading.isprintable()
            if fine and plain and not (company.stop or company.no_mail) and "[[" not in sale.heading:
                seen.add(person.person_id)
                yield sale


class TenantChange:
    """Change the data set of the session's tenant, and put it back afterwards."""

    def __init__(self, tenant: DemoTenant) -> None:
        self._tenant, self._story = tenant, tenant.story
        tables: list[dict[int, Any]] = [self._story.sales, self._story.persons, self._story.companies]
        self._kept = [(table, dict(table)) for table in tables]

    def sale(self, sale_id: int, **values: Any) -> None:
        self._story.sales[sale_id] = replace(self._story.sales[sale_id], **values)
        self._prepare()

    def person(self, person_id: int, **values: Any) -> None:
        self._story.persons[person_id] = replace(self._story.persons[person_id], **values)
        self._prepare()

    def company(self, company_id: int, **values: Any) -> None:
        self._story.companies[company_id] = replace(self._story.companies[company_id], **values)
        self._prepare()

    def delete_sale(self, sale_id: int) -> None:
        del self._story.sales[sale_id]
        self._prepare()

    def undo(self) -> None:
        for table, kept in self._kept:
            table.clear()
            table.update(kept)
        self._prepare()

    def _prepare(self) -> None:
        """The tenant's listings are made once, because its own callers cannot change sales."""
        operations = self._tenant._servers[1].application.operations  # type: ignore[attr-defined]
        operations.providers = Providers(self._story, self._tenant._open_store())
