"""The stand-in for the web client: one plain page per record, so that deep links lead somewhere."""

from collections.abc import Mapping
from html import escape
from urllib.parse import parse_qsl, quote

from connector.demo import lists
from connector.demo.columns import stamp
from connector.demo.serving import Reply, html_reply
from connector.demo.store import Appointment, Document, Store
from connector.demo.story import Sale, Story

STYLE = """
body{font:16px/1.5 system-ui,sans-serif;margin:0;color:#1d2433;background:#f4f5f7}
main{max-width:46rem;margin:2rem auto;padding:1.5rem;background:#fff;border:1px solid
#d8dce3;border-radius:8px}
p.demo{margin:0;padding:.5rem 1rem;background:#7a3e00;color:#fff;text-align:center}
h1{font-size:1.25rem;overflow-wrap:anywhere}dl{display:grid;grid-template-columns:minmax(7rem,auto)
1fr;gap:.25rem 1rem}
dt{color:#5b6475}dd{margin:0;overflow-wrap:anywhere;white-space:pre-wrap}a{color:#0a58ca}
"""
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
LABEL = "Demo tenant – not SuperOffice"
Fields = list[tuple[str, str]]


class WebClient:
    """Shows records as HTML. Values are ready-made HTML in `Fields`: escape what comes from data."""

    def __init__(self, story: Story, store: Store, root: str) -> None:
        self.story = story
        self.store = store
        self.root = root

    def page(self, raw_query: str) -> Reply:
        """The page for a navigation such as `sale.main?sale_id=123`; without one, an overview."""
        target, _, rest = raw_query.partition("?")
        keys = {name.lower(): value for name, value in parse_qsl(rest)}
        shown = {
            "sale": self._sale, "contact": self._company, "person": self._person, "document": self._document,
            "appointment": self._appointment,
        }  # fmt: skip
        target = target.lower().removesuffix("=")
        name = "appointment" if target.endswith(".appointment") else target.partition(".")[0]
        if not target:
            return self._overview()
        if name not in shown:
            return _page("Unknown page", [], 404)
        return shown[name](_number(keys, f"{name}_id"))

    def file(self, document_id: int) -> Reply:
        """The stored file of a document, to be saved."""
        card, content = self.store.document(document_id), self.store.content(document_id)
        if card is None or content is None:
            return _page("There is no such file", [], 404)
        kind = "message/rfc822" if card.name.lower().endswith(".eml") else "application/octet-stream"
        disposition = f"attachment; filename=\"document-{document_id}\"; filename*=UTF-8''{quote(card.name)}"
        return Reply(200, content, kind, HEADERS | {"Content-Disposition": disposition})

    def _overview(self) -> Reply:
        fields: Fields = []
        fields += [("Document", self._document_link(card)) for card in reversed(self.store.documents()[-15:])]
        fields += [
            ("Follow-up", self._appointment_link(card)) for card in reversed(self.store.appointments()[-10:])
        ]
        fields += [
            ("Sale", self._sale_link(sale.sale_id)) for sale in list(self.story.sales.values())[:-16:-1]
        ]
        return _page("What happened last", fields)

    def _sale(self, sale_id: int) -> Reply:
        sale = self.story.sales.get(sale_id)
        if sale is None:
            return _missing("sale", sale_id)
        fields: Fields = [
            ("Company", self._company_link(sale.company_id)),
            ("Person", self._person_link(sale.person_id)),
            ("Amount", f"{sale.amount:,.2f} {lists.CURRENCIES[sale.currency_id][0]}"),
            ("Status", lists.SALE_STATUS_NAMES[sale.status]),
            ("Stage", lists.STAGES[sale.stage_id][0].en),
            ("Date", stamp(sale.sold_on)[:10]),
            ("Owner", self._owner(sale.associate_id)),
        ]
        return _page(f"Sale {sale_id}: {sale.heading}", fields + self._activities("sale_id", sale_id))

    def _company(self, company_id: int) -> Reply:
        company = self.story.companies.get(company_id)
        if company is None:
            return _missing("company", company_id)
        fields: Fields = [
            ("Department", escape(company.department)),
            ("City", escape(f"{company.city}, {lists.COUNTRIES[company.country_id].name}")),
            ("E-mail", escape(company.email)),
            ("Stop", _yes(company.stop)),
            ("No mailings", _yes(company.no_mail)),
            ("Our contact", self._owner(company.associate_id)),
        ]
        fields += [("Person", self._person_link(item.person_id)) for item in self.story.people_of(company_id)]
        fields += [("Sale", self._sale_link(item.sale_id)) for item in self._sales_of(company_id)]
        return _page(
            f"Company {company_id}: {company.name}", fields + self._activities("company_id", company_id)
        )

    def _person(self, person_id: int) -> Reply:
        person = self.story.persons.get(person_id)
        if person is None:
            return _missing("person", person_id)
        fields: Fields = [
            ("Company", self._company_link(person.company_id)),
            ("Addressed as", escape(f"{person.mr_mrs} {person.academic}".strip())),
            ("Title", escape(person.title)),
            *(("E-mail", escape(email)) for email in person.emails),
            ("No mailings", _yes(person.no_mail)),
            ("Former employee", _yes(person.retired)),
        ]
        return _page(
            f"Person {person_id}: {person.full_name}", fields + self._activities("person_id", person_id)
        )

    def _document(self, document_id: int) -> Reply:
        card = self.store.document(document_id)
        if card is None:
            return _missing("document", document_id)
        file = f'<a href="{self.root}/demo/documents/{document_id}/file">{escape(card.name)}</a>'
        fields: Fields = [
            (
                "File",
                f"{file} ({card.length} bytes)"
                if card.has_content
                else f"{escape(card.name)} (nothing uploaded)",
            ),
            ("Template", escape(lists.TEMPLATES[card.template_id].name)),
            ("Company", self._company_link(card.company_id)),
            ("Person", self._person_link(card.person_id)),
            ("Sale", self._sale_link(card.sale_id)),
            ("Date", stamp(card.date)),
            ("Completed", escape(card.completed)),
            ("Our ref.", escape(card.our_ref)),
            ("Your ref.", escape(card.your_ref)),
            ("Description", escape(card.description)),
            ("Owner", self._owner(card.associate_id)),
        ]
        return _page(f"Document {document_id}: {card.header}", fields)

    def _appointment(self, appointment_id: int) -> Reply:
        card = self.store.appointment(appointment_id)
        if card is None:
            return _missing("follow-up", appointment_id)
        task = next((name for key, name, *_rest in lists.TASKS if key == card.task_id), "")
        fields: Fields = [
            ("Type", escape(task)),
            ("Company", self._company_link(card.company_id)),
            ("Person", self._person_link(card.person_id)),
            ("Sale", self._sale_link(card.sale_id)),
            ("From", stamp(card.start)),
            ("To", stamp(card.end)),
            ("Text", escape(card.description)),
            ("Completed", escape(card.completed)),
            ("Owner", self._owner(card.associate_id)),
        ]
        return _page(f"Follow-up {appointment_id}: {card.title}", fields)

    def _activities(self, attribute: str, key: int) -> Fields:
        documents = [card for card in self.store.documents() if getattr(card, attribute) == key]
        appointments = [card for card in self.store.appointments() if getattr(card, attribute) == key]
        return [("Document", self._document_link(card)) for card in documents] + [
            ("Follow-up", self._appointment_link(card)) for card in appointments
        ]

    def _sales_of(self, company_id: int) -> list[Sale]:
        return [sale for sale in self.story.sales.values() if sale.company_id == company_id][-20:]

    def _owner(self, associate_id: int) -> str:
        user = self.story.associates.get(associate_id)
        return escape(f"{user.full_name} ({user.name})") if user else "–"

    def _company_link(self, company_id: int) -> str:
        company = self.story.companies.get(company_id)
        return self._link("contact.main", "contact_id", company_id, company.name) if company else "–"

    def _person_link(self, person_id: int) -> str:
        person = self.story.persons.get(person_id)
        return self._link("person.main", "person_id", person_id, person.full_name) if person else "–"

    def _sale_link(self, sale_id: int) -> str:
        sale = self.story.sales.get(sale_id)
        return (
            self._link("sale.main", "sale_id", sale_id, sale.heading.strip() or "(no heading)")
            if sale
            else "–"
        )

    def _document_link(self, card: Document) -> str:
        return self._link("document.main", "document_id", card.document_id, card.header or card.name)

    def _appointment_link(self, card: Appointment) -> str:
        target = "contact.main.activityarchive.appointment"
        return self._link(target, "appointment_id", card.appointment_id, card.title or card.description)

    def _link(self, target: str, key: str, value: int, text: str) -> str:
        return f'<a href="{self.root}/default.aspx?{target}?{key}={value}">{escape(text)}</a>'


def _page(title: str, fields: Fields, status: int = 200) -> Reply:
    rows = "".join(f"<dt>{label}</dt><dd>{value or '–'}</dd>" for label, value in fields)
    page = (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)} – {LABEL}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head>'
        f'<body><header><p class="demo">{LABEL}</p></header><main><h1>{escape(title)}</h1><dl>{rows}</dl></main>'
        "</body></html>"
    )
    return html_reply(page, status, HEADERS)


def _missing(what: str, key: int) -> Reply:
    return _page(f"There is no {what} with number {key}", [], 404)


def _number(keys: Mapping[str, str], name: str) -> int:
    text = keys.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _yes(value: bool) -> str:
    return "yes" if value else "no"
