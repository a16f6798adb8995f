"""Follow-ups and tasks."""

from dataclasses import replace

from connector.demo import lists, people
from connector.demo.bodies import bad, base_now, check_unmodified, id_in, moment_in, one_of, text_in
from connector.demo.columns import utc_now
from connector.demo.documents import COMPLETED, problems_of_links
from connector.demo.lists import JsonObject
from connector.demo.serving import ApiError, Request
from connector.demo.store import Appointment, Store
from connector.demo.story import Story

# Other record types share the table, but nobody may create them here.
KINDS = ("inDiary", "inChecklist")
PRIVACY = ("Public", "PrivateUser", "PrivateGroup")


class Appointments:
    """What one can do with follow-ups. Every method raises ApiError when the tenant refuses."""

    def __init__(self, story: Story, store: Store) -> None:
        self.story = story
        self.store = store

    def default(self, user: int) -> Appointment:
        """An unsaved follow-up of a user (by id), now, for half an hour at most: a task."""
        now, here = utc_now(), base_now()
        return Appointment(
            0,
            "",
            "",
            "",
            1,
            KINDS[0],
            0,
            0,
            0,
            user,
            here,
            here,
            "NotStarted",
            "Public",
            "",
            now,
            user,
            now,
            user,
        )

    def get(self, appointment_id: int) -> Appointment:
        card = self.store.appointment(appointment_id)
        if card is None:
            raise ApiError(404, "SoNotFoundException", f"Appointment id {appointment_id} not found")
        return card

    def problems(self, entity: JsonObject) -> dict[str, str]:
        """What is wrong with an entity, by property; empty when it could be saved."""
        found = problems_of_links(self.story, entity)
        task_id = id_in(entity, "Task", "TaskListItemId")
        if task_id and task_id not in lists.TASK_TYPES:
            found["Task"] = "The task type does not exist"
        if id_in(entity, "Associate", "AssociateId") not in {0, *people.USERS}:
            found["Associate"] = "The associate does not exist"
        start = moment_in(entity, "StartDate", base_now())
        if moment_in(entity, "EndDate", start) < start:
            found["EndDate"] = "The end lies before the start"
        return found

    def create(self, request: Request, entity: JsonObject) -> Appointment:
        problems = self.problems(entity)
        if problems:
            raise bad("; ".join(problems.values()))
        user = request.user.associate_id
        start = moment_in(entity, "StartDate", base_now())
        card = replace(
            self.default(user),
            title=text_in(entity, "Title"),
            description=text_in(entity, "Description"),
            agenda=text_in(entity, "Agenda"),
            task_id=id_in(entity, "Task", "TaskListItemId") or 1,
            kind=one_of(entity, "Type", KINDS),
            company_id=id_in(entity, "Contact", "ContactId"),
            person_id=id_in(entity, "Person", "PersonId"),
            sale_id=id_in(entity, "Sale", "SaleId"),
            associate_id=id_in(entity, "Associate", "AssociateId") or user,
            start=start,
            end=moment_in(entity, "EndDate", start),
            completed=one_of(entity, "Completed", COMPLETED),
            private=one_of(entity, "Private", PRIVACY),
            location=text_in(entity, "Location"),
        )
        return self.store.add_appointment(card)

    def delete(self, request: Request, appointment_id: int) -> None:
        check_unmodified(request, self.get(appointment_id).updated_at)
        self.store.remove_appointment(appointment_id)
