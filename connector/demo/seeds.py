"""A few documents and follow-ups that were in the tenant before anybody called it."""

import random
from datetime import timedelta
from email.message import EmailMessage
from email.utils import format_datetime

from connector.demo import people
from connector.demo.bodies import BASE_ZONE
from connector.demo.store import Appointment, Document, Store
from connector.demo.story import SEED, Sale, Story

DOCUMENTS = 24
APPOINTMENTS = 16


def sow(story: Story, store: Store) -> None:
    """Fill an empty store, the same way every time for the same story."""
    rng = random.Random(SEED + 1)  # noqa: S311 - a seeded story, not a secret
    sales = [
        sale for sale in story.sales.values() if sale.company_id and sale.person_id and sale.heading.strip()
    ]
    if not sales:
        return
    for number in range(DOCUMENTS):
        sale = rng.choice(sales)
        # Two in three are mails: 9 went out, 11 came in.
        template_id = (9, 11, 2)[number % 3]
        card = _document(sale, template_id, number)
        store.add_document(card, _mail(story, sale, card) if template_id in (9, 11) else None, seeded=True)
    for number in range(APPOINTMENTS):
        store.add_appointment(_appointment(rng.choice(sales), number), seeded=True)


def _document(sale: Sale, template_id: int, number: int) -> Document:
    when = (sale.registered_at + timedelta(days=1, minutes=number)).replace(second=0)
    name = f"mail-{number + 1}.eml" if template_id in (9, 11) else f"Angebot-{number + 1}.docx"
    return Document(
        0, f"{'AW: ' if template_id == 11 else ''}{sale.heading}"[:219], name, "", "", "", "", template_id,
        sale.company_id, sale.person_id, sale.sale_id, sale.associate_id, when, "Completed", when,
        sale.associate_id,
        when, sale.associate_id,
    )  # fmt: skip


def _mail(story: Story, sale: Sale, card: Document) -> bytes:
    person, owner = story.persons[sale.person_id], story.associates[sale.associate_id]
    customer = person.email or f"unbekannt@{people.OWN_DOMAIN}"
    sender, recipient = (customer, owner.email) if card.template_id == 11 else (owner.email, customer)
    message = EmailMessage()
    message["From"], message["To"] = sender, recipient
    message["Subject"] = " ".join(card.header.split())
    message["Date"] = format_datetime(card.date.replace(tzinfo=BASE_ZONE))
    message["Message-ID"] = f"<demo-{sale.sale_id}@{people.OWN_DOMAIN}>"
    message.set_content(f"Guten Tag,\n\nes geht um: {sale.heading}\n\nViele Grüße\n")
    return message.as_bytes()


def _appointment(sale: Sale, number: int) -> Appointment:
    start = (sale.registered_at + timedelta(days=3)).replace(hour=9 + number % 7, minute=0, second=0)
    title = ("Rückruf", "Vorführung", "Angebot nachfassen", "Call back")[number % 4]
    return Appointment(
        0, title, f"{title}: {sale.heading}", "", (2, 5, 3, 2)[number % 4],
        "inChecklist" if number % 4 == 2 else "inDiary",
        sale.company_id, sale.person_id, sale.sale_id, sale.associate_id, start,
        start + timedelta(minutes=30),
        "Completed" if number % 3 else "NotStarted", "Public", "", start, sale.associate_id, start,
        sale.associate_id,
    )  # fmt: skip
