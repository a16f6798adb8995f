"""A sale that is not saved yet: its defaults, and what would be wrong with it. The demo saves none."""

from datetime import datetime, time

from connector.demo import lists, people
from connector.demo.bodies import id_in, one_of, text_in
from connector.demo.columns import utc_now
from connector.demo.documents import problems_of_links
from connector.demo.lists import JsonObject
from connector.demo.story import Sale, Story

_LONGEST_HEADING = 219


def default_sale(story: Story, user_id: int) -> Sale:
    """An open sale of the user, today, at the first stage."""
    now = utc_now()
    return Sale(
        0, "", 0, 0, user_id, 1, 1, 1, 0, 0, 0.0, 0.0, 1, datetime.combine(story.today, time()), None, None,
        now, now, user_id, user_id, "", False,
    )  # fmt: skip


def problems_of_sale(story: Story, entity: JsonObject) -> dict[str, str]:
    """What is wrong with an entity, by property; empty when it could be saved."""
    found = problems_of_links(story, entity)
    if len(text_in(entity, "Heading")) > _LONGEST_HEADING:
        found["Heading"] = f"Heading is longer than {_LONGEST_HEADING} characters"
    if id_in(entity, "Associate", "AssociateId") not in {0, *people.USERS}:
        found["Associate"] = "The associate does not exist"
    if id_in(entity, "Rating", "Id") not in {0, *lists.STAGES}:
        found["Rating"] = "The stage does not exist"
    one_of(entity, "Status", ("Unknown", *lists.SALE_STATUS_NAMES.values()))
    return found
