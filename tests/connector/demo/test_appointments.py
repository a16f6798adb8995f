from typing import Any

import pytest

from connector.demo.tenant import DemoTenant
from tests.connector.demo.api import Api

CALL_BACK = {
    "Title": "Follow up",
    "Description": "Ask about the offer",
    "Task": {"TaskListItemId": 3},
    "Type": "inChecklist",
    "StartDate": "2026-04-21T09:00:00",
    "EndDate": "2026-04-21T09:30:00",
    "Associate": {"AssociateId": 5},
    "Contact": {"ContactId": 2},
    "Person": {"PersonId": 6},
    "Completed": "NotStarted",
    "Private": "Public",
}


def create(api: Api, **changes: Any) -> dict[str, Any]:
    answer = api.call("POST", "/Appointment", json={**CALL_BACK, **changes})
    assert answer.status_code == 200, answer.text
    entity: dict[str, Any] = answer.json()
    return entity


def test_a_task_is_created_for_its_owner(api: Api, tenant: DemoTenant) -> None:
    assert api.get("/Appointment/default").json()["AppointmentId"] == 0
    sale_id = max(tenant.story.sales)

    entity = create(api, Sale={"SaleId": sale_id})
    again = api.get(f"/Appointment/{entity['AppointmentId']}").json()
    assert again == entity
    assert (again["Title"], again["Type"], again["StartDate"]) == (
        "Follow up",
        "inChecklist",
        "2026-04-21T09:00:00",
    )
    assert again["Task"]["Type"] == "ToDo"
    assert again["Associate"]["Name"] == "JW"

    (card,) = tenant.appointments
    assert (card.sale_id, card.associate_id, card.company_id) == (sale_id, 5, 2)
    rows = api.list(
        "/Appointment",
        select="appointmentId,text,type",
        filter=f"saleId eq {sale_id} and text is 'Follow up'",
    )
    assert [row["appointmentId"] for row in rows] == [entity["AppointmentId"]]
    assert rows[0]["type"] == "Aufgabe"


def test_without_an_owner_it_belongs_to_the_caller(api: Api) -> None:
    assert create(api, Associate=None)["Associate"]["Name"] == "API"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"Task": {"TaskListItemId": 4711}}, "Task"),
        ({"Contact": {"ContactId": 3}}, "Person"),
        ({"Associate": {"AssociateId": 77}}, "Associate"),
        ({"EndDate": "2026-04-20T09:00:00"}, "EndDate"),
        ({"Sale": {"SaleId": 1}}, "Sale"),
    ],
)
def test_a_wrong_task_is_refused_and_validating_names_the_field(
    api: Api, tenant: DemoTenant, changes: dict[str, Any], field: str
) -> None:
    assert api.call("POST", "/Appointment", json={**CALL_BACK, **changes}).status_code == 400
    assert set(api.call("POST", "/Appointment/Validate", json={**CALL_BACK, **changes}).json()) == {field}
    assert tenant.appointments == []


def test_other_record_types_of_the_table_are_not_to_be_created(api: Api) -> None:
    for kind in ("Document", "MergeDraft", "nonsense"):
        assert api.call("POST", "/Appointment", json={**CALL_BACK, "Type": kind}).status_code == 400


def test_a_valid_task_has_no_problems(api: Api) -> None:
    assert api.call("POST", "/Appointment/Validate", json=CALL_BACK).json() == {}


def test_a_deleted_task_is_gone(api: Api, tenant: DemoTenant) -> None:
    key = create(api)["AppointmentId"]

    assert api.call("DELETE", f"/Appointment/{key}").status_code == 204
    assert api.get(f"/Appointment/{key}").status_code == 404
    assert tenant.appointments == []
