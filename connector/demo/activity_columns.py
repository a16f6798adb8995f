"""Archive columns of what callers can create: documents and follow-ups."""

from datetime import datetime

from connector.demo import lists
from connector.demo.columns import (
    Column,
    Get,
    associate_columns,
    company_columns,
    listed,
    login,
    person_columns,
)
from connector.demo.lists import Wording
from connector.demo.store import Appointment, Document
from connector.demo.story import Story


def document_columns(story: Story) -> list[Column]:
    """The columns of FindDocument. The visible title is `subject`, the file name `name`."""
    templates = {key: Wording(item.name, item.name, item.name) for key, item in lists.TEMPLATES.items()}

    def is_mail(card: Document) -> bool:
        return lists.TEMPLATES[card.template_id].is_mail

    return [
        Column("documentId", "int", lambda card: card.document_id),
        Column("subject", "string", lambda card: card.header),
        Column("text", "string", lambda card: card.header),
        Column("name", "string", lambda card: card.name),
        Column("ourref", "string", lambda card: card.our_ref),
        Column("yourref", "string", lambda card: card.your_ref),
        Column("attention", "string", lambda card: card.attention),
        Column("keywords", "string", lambda card: ""),
        Column("snum", "int", lambda card: card.document_id),
        Column("isMail", "bool", is_mail, sortable=False),
        Column("isReport", "bool", lambda card: False, sortable=False),
        Column("mailMergeDraft", "bool", lambda card: False),
        listed("type", templates, lambda card: card.template_id),
        Column("recordType", "string", lambda card: lists.TEMPLATES[card.template_id].record_type),
        Column(
            "recordTypeText",
            "",
            lambda card: lists.MAIL_RECORD_TYPE if is_mail(card) else lists.DOCUMENT_RECORD_TYPE,
        ),
        Column("document/description", "string", lambda card: card.description),
        *_activity_columns(story, lambda card: card.date),
    ]


def appointment_columns(story: Story) -> list[Column]:
    """The columns of FindAppointment."""
    tasks = {key: Wording(name, name, name) for key, name, *_rest in lists.TASKS}
    return [
        Column("appointmentId", "int", lambda card: card.appointment_id),
        Column("text", "string", lambda card: card.title or card.description),
        Column("endDate", "date", lambda card: card.end),
        listed("type", tasks, lambda card: card.task_id),
        Column("recordType", "string", lambda card: lists.TASK_TYPES.get(card.task_id, "Unknown")),
        Column("location", "string", lambda card: card.location),
        Column("alarm", "bool", lambda card: False),
        Column("recurring", "bool", lambda card: False),
        Column("booking", "bool", lambda card: False),
        *_activity_columns(story, lambda card: card.start),
    ]


def _activity_columns(story: Story, when: Get) -> list[Column]:
    """What both kinds of activity have."""
    updated_at = datetime.combine(story.today, datetime.min.time()).replace(hour=3)

    def heading(card: Document | Appointment) -> str:
        sale = story.sales.get(card.sale_id)
        return sale.heading if sale else ""

    return [
        Column("completed", "bool", lambda card: card.completed == "Completed"),
        Column("date", "date", when),
        login("associateId", lambda card: card.associate_id),
        Column("contactId", "listAny", lambda card: card.company_id),
        Column("personId", "listAny", lambda card: card.person_id),
        Column("projectId", "listAny", lambda card: 0),
        Column("saleId", "int", lambda card: card.sale_id),
        Column("sale/saleId", "int", lambda card: card.sale_id),
        Column("sale/heading", "string", heading),
        Column("updatedDate", "date", lambda card: card.updated_at),
        Column("registeredDate", "date", lambda card: card.created_at),
        login("updatedBy", lambda card: card.updated_by),
        login("registeredBy", lambda card: card.created_by),
        login("updatedByFullName", lambda card: card.updated_by, full_name=True),
        login("registeredByFullName", lambda card: card.created_by, full_name=True),
        Column("visibleFor", "listAny", lambda card: lists.VISIBLE_FOR_ALL, lambda card: 1, sortable=False),
        Column("getAllRows", "bool", lambda card: False, lambda card: True, sortable=False),
        *company_columns("contact/", lambda card: story.companies.get(card.company_id), updated_at),
        *person_columns("person/", lambda card: story.persons.get(card.person_id), updated_at),
        *associate_columns("associate/", lambda card: card.associate_id),
    ]
