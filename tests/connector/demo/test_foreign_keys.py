from datetime import date
from pathlib import Path
from typing import Any

import pytest

from connector.demo.tenant import DemoTenant
from tests.connector.demo.api import Api

DEVICE = "/ForeignApp/Sales Desk/desk/one"


def write(api: Api, value: str = "7d0d", record_id: int = 7, **changes: Any) -> Any:
    body = {"Key": "mail", "Value": value, "RecordId": record_id, "TableName": "document", **changes}
    answer = api.call("POST", f"{DEVICE}/Key", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def found(api: Api, value: str, key: str = "mail", table: str = "document") -> Any:
    path = f"/ForeignApp/Sales Desk/desk/Key/{key}/{table}"
    return api.get(path, params={"keyValue": value}).json()


@pytest.fixture
def desk(api: Api) -> Api:
    """A session whose app and device are registered."""
    assert api.call("POST", "/ForeignApp/Sales Desk").status_code == 200
    assert api.call("POST", DEVICE).status_code == 200
    return api


def test_a_record_is_found_by_its_key(desk: Api) -> None:
    key = write(desk)

    assert (key["Value"], key["RecordId"], key["TableName"]) == ("7d0d", 7, "document")
    assert found(desk, "7d0d")["RecordId"] == 7
    assert desk.get(f"{DEVICE}/Key/mail/document", params={"Value": "7d0d"}).json()["RecordId"] == 7


def test_nothing_found_is_null(desk: Api) -> None:
    write(desk)

    assert found(desk, "other") is None
    assert found(desk, "7d0d", key="other") is None
    assert found(desk, "7d0d", table="sale") is None
    elsewhere = desk.get("/ForeignApp/Sales Desk/desk/two/Key/mail/document", params={"Value": "7d0d"})
    assert elsewhere.json() is None


def test_the_parameter_is_called_differently_where_the_device_is_told_apart(desk: Api) -> None:
    write(desk)

    assert desk.get(f"{DEVICE}/Key/mail/document", params={"keyValue": "7d0d"}).status_code == 400
    wrong = desk.get("/ForeignApp/Sales Desk/desk/Key/mail/document", params={"Value": "7d0d"})
    assert wrong.status_code == 400


def test_apps_and_devices_are_registered_once(desk: Api) -> None:
    again = desk.call("POST", "/ForeignApp/sales desk").json()
    assert again["ForeignAppId"] == 1
    assert [device["DeviceIdentifier"] for device in again["Devices"]] == ["one"]
    assert desk.call("POST", DEVICE).json()["ForeignDeviceId"] == 1


def test_a_record_has_one_key_of_each_name(desk: Api) -> None:
    write(desk, "first")
    write(desk, "second")

    assert found(desk, "first") is None
    assert found(desk, "second")["RecordId"] == 7


def test_a_record_lists_its_keys(desk: Api) -> None:
    write(desk)
    write(desk, "9", 120, Key="source", TableName="sale")

    assert desk.get("/Document/7/ForeignKey").json() == {"Sales Desk.desk.mail": "7d0d"}
    assert desk.get("/Sale/120/ForeignKey").json() == {"Sales Desk.desk.source": "9"}
    assert desk.get("/Document/8/ForeignKey").json() == {}
    assert desk.get("/Document/999999/ForeignKey").status_code == 404
    assert desk.get("/Sale/999999/ForeignKey").status_code == 404


def test_keys_are_an_archive_too(desk: Api) -> None:
    write(desk)
    write(desk, "8e1e", 8)

    rows = desk.list(
        "/Archive/ForeignKeys",
        select="appName,deviceName,deviceIdentifier,keyName,keyValue,recordId",
        filter="appName is 'Sales Desk' and keyValue is '8e1e'",
    )
    assert [row["recordId"] for row in rows] == [8]


@pytest.mark.parametrize(
    "body",
    [
        {"Key": "mail", "Value": "x", "TableName": "document"},
        {"Key": "mail", "Value": "", "RecordId": 7, "TableName": "document"},
        {"Key": "mail", "Value": "x", "RecordId": 7, "TableName": "nonsense"},
    ],
)
def test_half_a_key_is_refused(desk: Api, body: dict[str, Any]) -> None:
    assert desk.call("POST", f"{DEVICE}/Key", json=body).status_code == 400


def test_what_is_not_registered_keeps_no_keys(api: Api) -> None:
    body = {"Key": "mail", "Value": "x", "RecordId": 7, "TableName": "document"}

    assert api.call("POST", f"{DEVICE}/Key", json=body).status_code == 404
    api.call("POST", "/ForeignApp/Sales Desk")
    assert api.call("POST", f"{DEVICE}/Key", json=body).status_code == 404


def test_keys_survive_a_restart(tmp_path: Path) -> None:
    with DemoTenant(tmp_path, today=date(2026, 3, 18), sales=5) as tenant, Api(tenant) as api:
        api.call("POST", "/ForeignApp/Sales Desk")
        api.call("POST", DEVICE)
        write(api)
    with DemoTenant(tmp_path, sales=5) as tenant, Api(tenant) as api:
        assert found(api, "7d0d")["RecordId"] == 7
