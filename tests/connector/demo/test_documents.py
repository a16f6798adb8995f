import base64
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from connector.demo.tenant import DemoTenant
from tests.connector.demo.api import Api, document

MAIL = b"From: a@muster.example\r\nTo: b@muster.example\r\nSubject: Gr\xc3\xbc\xc3\x9fe\r\n\r\n\x00\xff binary too\r\n"


def refusal(api: Api, **changes: Any) -> str:
    answer = api.call("POST", "/Document", json=document(**changes))
    assert answer.status_code == 400, answer.text
    return str(answer.json()["ErrorMessage"])


def test_a_mail_is_filed_in_steps_and_comes_back_byte_for_byte(api: Api, tenant: DemoTenant) -> None:
    default = api.get("/Document/default").json()
    assert default["DocumentId"] == 0
    sale_id = max(tenant.story.sales)

    entity = api.create_document(Sale={"SaleId": sale_id}, Associate={"AssociateId": 5})
    key = entity["DocumentId"]
    assert api.get(f"/Document/{key}/Length").json() == 0
    assert api.get(f"/Document/{key}/Content").status_code == 404

    uploaded = api.upload(key, MAIL)
    assert uploaded.status_code == 200
    assert uploaded.json()["DocumentId"] == key
    assert api.get(f"/Document/{key}/Length").json() == len(MAIL)
    assert api.get(f"/Document/{key}/Content", headers={"Accept": "application/octet-stream"}).content == MAIL

    patch = [{"op": "replace", "path": "Completed", "value": "Completed"}]
    assert api.call("PATCH", f"/Document/{key}", json=patch).json()["Completed"] == "Completed"

    (stored,) = tenant.documents
    assert stored.content == MAIL
    assert (stored.card.company_id, stored.card.person_id, stored.card.sale_id) == (2, 6, sale_id)
    assert (stored.card.associate_id, stored.card.completed, stored.card.length) == (
        5,
        "Completed",
        len(MAIL),
    )


def test_creating_answers_200_with_the_saved_entity(api: Api) -> None:
    answer = api.call("POST", "/Document", json=document())

    assert answer.status_code == 200
    assert "Location" not in answer.headers
    entity = answer.json()
    assert entity["Contact"]["Name"] == "Musterbau Köln GmbH"
    assert entity["DocumentTemplate"]["Direction"] == "Outgoing"
    assert entity["CreatedBy"]["Name"] == "API"
    assert entity["_Links"]["Self"].endswith(f"/Document/{entity['DocumentId']}")


def test_a_document_is_found_by_our_reference_and_sale(api: Api, tenant: DemoTenant) -> None:
    sale_id = max(tenant.story.sales)
    entity = api.create_document(Sale={"SaleId": sale_id}, OurRef="Ref-1")
    api.create_document(Sale={"SaleId": sale_id}, OurRef="Ref-2")

    rows = api.list(
        "/Document",
        select="documentId,ourref,name,subject,isMail,recordType,completed",
        filter=f"saleId eq {sale_id} and ourref is 'ref-1'",
    )
    assert [row["documentId"] for row in rows] == [entity["DocumentId"]]
    assert rows[0] == {
        "PrimaryKey": str(entity["DocumentId"]),
        "EntityName": "document",
        "documentId": entity["DocumentId"],
        "ourref": "Ref-1",
        "name": "angebot.eml",
        "subject": "Ihr Angebot",
        "isMail": True,
        "recordType": "Email",
        "completed": False,
    }


def test_the_server_may_rename_the_file(api: Api) -> None:
    assert api.create_document()["Name"] == "angebot.eml"
    assert api.create_document()["Name"] == "angebot (1).eml"
    assert api.create_document(Name='a/b:c*"d".eml')["Name"] == "a_b_c__d_.eml"
    assert api.create_document(Name="")["Name"] == "Ihr Angebot.somail"


def test_what_belongs_to_the_plugin_and_the_server_cannot_be_written(api: Api) -> None:
    entity = api.create_document(ExternalRef="mine", DocumentId=4711, Snum=12)

    assert entity["ExternalRef"] != "mine"
    assert entity["DocumentId"] != 4711
    assert entity["Snum"] == entity["DocumentId"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"Header": "x" * 220}, "Header"),
        ({"OurRef": "x" * 100}, "OurRef"),
        ({"Description": "x" * 2048}, "Description"),
        ({"DocumentTemplate": {"DocumentTemplateId": 4711}}, "template"),
        ({"DocumentTemplate": None}, "template"),
        ({"Contact": {"ContactId": 4711}}, "Contact id 4711"),
        ({"Contact": {"ContactId": 3}}, "does not belong"),
        ({"Contact": None}, "does not belong"),
        ({"Person": {"PersonId": 4711}}, "Person id 4711"),
        ({"Sale": {"SaleId": 1}}, "Sale id 1"),
        ({"Associate": {"AssociateId": 1}}, "associate"),
        ({"Completed": "Done"}, "Completed"),
        ({"Date": "tomorrow"}, "Date"),
        ({"Header": 5}, "Header"),
        ({"Contact": 2}, "Contact"),
        ({"Contact": {"ContactId": "2"}}, "Contact"),
    ],
)
def test_a_wrong_card_is_refused_and_nothing_is_kept(
    api: Api, tenant: DemoTenant, changes: dict[str, Any], said: str
) -> None:
    assert said in refusal(api, **changes)
    assert tenant.documents == []


def test_the_longest_texts_fit(api: Api) -> None:
    entity = api.create_document(Header="ä" * 219, OurRef="x" * 99, Description="x" * 2047)

    assert entity["Header"] == "ä" * 219


def test_a_person_without_a_company_is_filed_without_a_company(api: Api, tenant: DemoTenant) -> None:
    loner = next(person for person in tenant.story.persons.values() if not person.company_id)

    entity = api.create_document(Contact=None, Person={"PersonId": loner.person_id})
    assert entity["Contact"] is None
    assert entity["Person"]["PersonId"] == loner.person_id


def test_validating_says_what_is_wrong_by_field_and_saves_nothing(api: Api, tenant: DemoTenant) -> None:
    assert api.call("POST", "/Document/Validate", json=document()).json() == {}
    found = api.call(
        "POST", "/Document/Validate", json=document(Header="x" * 220, Contact={"ContactId": 3})
    ).json()

    assert set(found) == {"Header", "Person"}
    assert tenant.documents == []


def test_bodies_that_are_no_entity_are_refused(api: Api) -> None:
    def status(**options: Any) -> int:
        return api.call("POST", "/Document", **options).status_code

    assert status(data=b"{", headers={"Content-Type": "application/json"}) == 400
    assert status(json=[1]) == 400
    assert status(data=b"{}", headers={"Content-Type": "text/plain"}) == 415
    assert status(data=b"{}") == 415


@pytest.mark.parametrize("kind", ["message/rfc822", "text/plain", "text/html", "application/zip", ""])
def test_a_mail_type_is_no_type_for_content(api: Api, tenant: DemoTenant, kind: str) -> None:
    key = api.create_document()["DocumentId"]

    assert api.upload(key, MAIL, kind).status_code == 415
    assert tenant.documents[0].content is None


def test_content_may_be_a_base64_string_in_json(api: Api) -> None:
    key = api.create_document()["DocumentId"]
    text = b'"' + base64.b64encode(MAIL) + b'"'

    assert api.upload(key, text, "application/json").status_code == 200
    assert api.get(f"/Document/{key}/Content", headers={"Accept": "*/*"}).content == MAIL
    as_json = api.get(f"/Document/{key}/Content", headers={"Accept": "application/json"}).json()
    assert base64.b64decode(as_json) == MAIL
    assert api.upload(key, b'{"Stream": 1}', "application/json").status_code == 400
    assert api.upload(key, b'"no base64 !"', "application/json").status_code == 400


def test_empty_content_and_content_of_a_completed_document_are_refused(api: Api, tenant: DemoTenant) -> None:
    open_key = api.create_document()["DocumentId"]
    done_key = api.create_document(Completed="Completed")["DocumentId"]

    assert api.upload(open_key, b"").status_code == 400
    assert api.upload(done_key, MAIL).status_code == 400
    assert [stored.content for stored in tenant.documents] == [None, None]


def test_content_of_an_unknown_document_is_not_taken(api: Api) -> None:
    assert api.upload(4711, MAIL).status_code == 404
    assert api.get("/Document/4711/Content").status_code == 404
    assert api.get("/Document/4711/Length").status_code == 404


def test_posting_content_generates_from_the_template_and_overwrites(api: Api, tenant: DemoTenant) -> None:
    key = api.create_document()["DocumentId"]
    api.upload(key, MAIL)

    assert api.call("POST", f"/Document/{key}/Content", json={}).status_code == 200
    content = tenant.documents[0].content
    assert content is not None
    assert content != MAIL
    assert api.get(f"/Document/{key}/Length").json() == len(content)


def test_large_content_is_kept_whole(api: Api, tenant: DemoTenant) -> None:
    key = api.create_document()["DocumentId"]
    content = bytes(range(256)) * 40_000

    assert api.upload(key, content).status_code == 200
    assert tenant.documents[0].content == content


def test_put_clears_what_is_left_out(api: Api, tenant: DemoTenant) -> None:
    key = api.create_document(Description="keep me?")["DocumentId"]
    api.upload(key, MAIL)

    saved = api.call(
        "PUT", f"/Document/{key}", json={"Header": "New", "DocumentTemplate": {"DocumentTemplateId": 9}}
    )

    assert saved.status_code == 200
    entity = saved.json()
    assert entity["Header"] == "New"
    assert entity["Description"] == ""
    assert entity["Contact"] is None
    assert tenant.documents[0].content == MAIL


@pytest.mark.parametrize(
    "patch",
    [
        [{"op": "replace", "path": "/Description", "value": "new"}],
        [{"op": "add", "path": "description", "value": "new"}],
        {"Description": "new"},
    ],
)
def test_patch_changes_only_what_it_names(api: Api, patch: Any) -> None:
    key = api.create_document(YourRef="stays")["DocumentId"]

    entity = api.call("PATCH", f"/Document/{key}", json=patch).json()
    assert (entity["Description"], entity["YourRef"], entity["Contact"]["ContactId"]) == ("new", "stays", 2)


def test_patch_reaches_into_carriers_and_removes(api: Api) -> None:
    key = api.create_document(YourRef="goes")["DocumentId"]

    patch = [
        {"op": "replace", "path": "/DocumentTemplate/DocumentTemplateId", "value": 11},
        {"op": "remove", "path": "/YourRef"},
        {"op": "replace", "path": "/Person", "value": None},
    ]
    entity = api.call("PATCH", f"/Document/{key}", json=patch).json()
    assert entity["DocumentTemplate"]["Direction"] == "Incoming"
    assert entity["YourRef"] == ""
    assert entity["Person"] is None


@pytest.mark.parametrize(
    "patch",
    [
        [{"op": "replace", "path": "/Nonsense", "value": 1}],
        [{"op": "move", "path": "/Header", "from": "/YourRef"}],
        [{"op": "replace", "path": "", "value": 1}],
        [{"op": "replace", "path": "/Header", "value": "x" * 220}],
        ["Completed"],
        "Completed",
    ],
)
def test_a_wrong_patch_is_refused(api: Api, tenant: DemoTenant, patch: Any) -> None:
    key = api.create_document()["DocumentId"]

    assert api.call("PATCH", f"/Document/{key}", json=patch).status_code == 400
    assert tenant.documents[0].card.header == "Ihr Angebot"


def test_a_deleted_document_is_gone_everywhere(api: Api, tenant: DemoTenant) -> None:
    key = api.create_document()["DocumentId"]

    answer = api.call("DELETE", f"/Document/{key}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert api.get(f"/Document/{key}").status_code == 404
    assert api.list("/Document", select="documentId", filter=f"documentId eq {key}") == []
    assert api.call("DELETE", f"/Document/{key}").status_code == 404
    assert tenant.documents == []
    assert api.create_document()["DocumentId"] > key


def test_changes_wait_for_the_latest_version(api: Api, tenant: DemoTenant) -> None:
    key = api.create_document()["DocumentId"]
    updated_at = tenant.documents[0].card.updated_at.replace(tzinfo=UTC)
    stale = {"If-Unmodified-Since": format_datetime(updated_at - timedelta(seconds=5), usegmt=True)}
    fresh = {"If-Unmodified-Since": format_datetime(datetime.now(UTC) + timedelta(seconds=5), usegmt=True)}
    patch = [{"op": "replace", "path": "/Header", "value": "New"}]

    assert api.call("PATCH", f"/Document/{key}", json=patch, headers=stale).status_code == 412
    assert api.call("DELETE", f"/Document/{key}", headers=stale).status_code == 412
    assert api.call("PATCH", f"/Document/{key}", json=patch, headers=fresh).status_code == 200


def test_there_were_documents_before_us(api: Api, tenant: DemoTenant) -> None:
    rows = api.list("/Document", select="documentId,isMail,completed", orderby="documentId")

    assert {row["isMail"] for row in rows} == {True, False}
    assert tenant.documents == []
    assert api.get("/Document/7/Content", headers={"Accept": "application/octet-stream"}).content


@pytest.mark.parametrize(
    ("sent", "zone", "stored"),
    [
        ("2026-07-20T12:03:00", "UTC", "2026-07-20T14:03:00"),
        ("2026-12-20T12:03:00", "UTC", "2026-12-20T13:03:00"),
        ("2026-07-20T12:03:00", None, "2026-07-20T12:03:00"),
    ],
)
def test_a_date_is_read_in_the_zone_that_the_request_names(
    sent: str, zone: str | None, stored: str, api: Api, tenant: DemoTenant
) -> None:
    headers = {"SO-TimeZone": zone} if zone else {}
    answer = api.call("POST", "/Document", json=document(Date=sent), headers=headers)
    assert answer.json()["Date"].startswith(stored)
