"""The people of the demo: five logins with one published password, for the demo tenant on this machine only."""

import logging
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX, check_password
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.db.models import F, QuerySet

from connector import roles
from connector.demo.people import ASSOCIATES, OWN_DOMAIN
from connector.models import DemoLogin, Mailbox, Origin, Representative
from connector.services import current_connection, shared_mailbox
from reports.models import Report, Run
from reports.runs.services import start_run

logger = logging.getLogger(__name__)

PASSWORD = "demo-Robot-2026"  # noqa: S105 (printed at each start)
# Added to a demo user's associate id while another tenant is in use, where the plain id is somebody else.
PARKED = 2_000_000_000
SIGNATURE = """{name}
Vertrieb Reinigungsroboter

Musterroboter Vertriebs-GmbH · Musterkai 7 · 00000 Musterhafen
Telefon +49 40 000000-{extension} · {address}
Geschäftsführung: Petra Platzhalter · Amtsgericht Musterhafen, HRB 000000 · USt-IdNr. DE000000000
"""


@dataclass(frozen=True, slots=True)
class DemoUser:
    """A login of the demo. Representatives are also users of the demo tenant, found there by their full name."""

    username: str
    first_name: str
    last_name: str
    role: str

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}"

    @property
    def address(self) -> str:
        return f"{self.first_name}.{self.last_name}@{OWN_DOMAIN}".lower()


USERS = (
    DemoUser("admin", "Anna", "Attrappe", roles.ADMINISTRATOR),
    DemoUser("approver", "Felix", "Freigabe", roles.APPROVER),
    DemoUser("jonas", "Jonas", "Weber", roles.REPRESENTATIVE),
    DemoUser("sabine", "Sabine", "Kranz", roles.REPRESENTATIVE),
    DemoUser("viewer", "Vera", "Vorschau", roles.VIEWER),
)


def demo_users() -> QuerySet[User]:
    """The users that the demo made, whatever they are called by now. Somebody real named "admin" is none."""
    return User.objects.filter(demologin__isnull=False)


def tenant_is_demo() -> bool:
    connection = current_connection()
    return connection is not None and connection.is_demo


def load_demo_data() -> None:
    """Make the demo's users, representatives and mailboxes where they are missing; what is there stays."""
    shared_mailbox()
    # So that a newcomer's first look at a report is not an empty one.
    if tenant_is_demo() and not Run.objects.exists():
        for report in Report.objects.all():
            start_run(report=report)
    with transaction.atomic():
        for person in USERS:
            user = _user(person)
            if user is not None and person.role == roles.REPRESENTATIVE:
                _representative(user, person)


def keep_demo_users() -> None:
    """The published password opens the door of a demo tenant only: elsewhere the demo's users are locked out,
    and so is everybody else who chose that password."""
    is_demo = tenant_is_demo()
    demo_users().exclude(is_active=is_demo).update(is_active=is_demo)
    own = Representative.objects.filter(user__in=demo_users())
    if is_demo:
        own.filter(associate_id__gte=PARKED).update(associate_id=F("associate_id") - PARKED)
    else:
        own.filter(associate_id__lt=PARKED).update(associate_id=F("associate_id") + PARKED)
        _lock_out_the_published_password()


def _lock_out_the_published_password() -> None:
    """Each comparison takes a noticeable part of a second, on purpose; there are few users."""
    candidates = User.objects.filter(is_active=True).exclude(password__startswith=UNUSABLE_PASSWORD_PREFIX)
    found = [user for user in candidates if check_password(PASSWORD, user.password)]
    User.objects.filter(pk__in=[user.pk for user in found]).update(is_active=False)
    for user in found:
        logger.warning(
            "the user %s is deactivated: the password is the demo's published one", user.get_username()
        )


def _user(person: DemoUser) -> User | None:
    """The demo user; None when the name belongs to somebody else."""
    existing = User.objects.filter(username=person.username).first()
    if existing is not None:
        return existing if existing in demo_users() else None
    user = User(
        username=person.username,
        first_name=person.first_name,
        last_name=person.last_name,
        email=person.address,
        is_staff=person.role == roles.ADMINISTRATOR,
    )
    user.set_password(PASSWORD)
    user.save()
    DemoLogin.objects.create(user=user)
    user.groups.add(Group.objects.get_or_create(name=person.role)[0])
    return user


def _representative(user: User, person: DemoUser) -> None:
    if Representative.objects.filter(user=user).exists():
        return
    associate_id = next(one.associate_id for one in ASSOCIATES.values() if one.full_name == person.full_name)
    extension = 20 + associate_id
    signature = SIGNATURE.format(name=person.full_name, extension=extension, address=person.address)
    Representative.objects.create(
        user=user, associate_id=associate_id, mailbox=_mailbox(person), signature=signature
    )


def _mailbox(person: DemoUser) -> Mailbox | None:
    """An account on the mail catcher; none when a real mail server is configured."""
    server = settings.MAIL_SERVER
    if server is None or "mail" not in settings.DEMO_PARTS:
        return Mailbox.objects.filter(origin=Origin.DEMO, from_address=person.address).first()
    mailbox, _created = Mailbox.objects.get_or_create(
        origin=Origin.DEMO,
        from_address=person.address,
        defaults={
            "name": person.full_name,
            "from_name": person.full_name,
            "host": server["host"],
            "port": server["port"],
            "security": server["security"],
        },
    )
    return mailbox
