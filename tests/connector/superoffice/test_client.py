"""The questions, asked of the demo tenant: real HTTP, real tokens, the shapes of the real API."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from connector.demo.tenant import DemoTenant
from connector.superoffice import errors
from connector.superoffice.auth import App, RefreshToken
from connector.superoffice.client import Client
from connector.superoffice.transport import Transport
from connector.superoffice.types import Company, DocumentTemplate, NewDocument, Person
from tests.connector.superoffice.rows import listing, person_entity, sale_row
from tests.connector.superoffice.server import ScriptedTenant, answer

KEY = "msg:6f1e7a0c-5d5e-4b53-8a6b-0b3f7f0a2f11"


@pytest.fixture(scope="module")
def running() -> Iterator[DemoTenant]:
    with DemoTenant() as tenant:
        yield tenant


@pytest.fixture
def demo(running: DemoTenant) -> Iterator[DemoTenant]:
    running.forget_requests()
    with running.faults.cleared_afterwards():
        yield running


@pytest.fixture
def desk(demo: DemoTenant) -> Iterator[Client]:
    app = App(
        login_url=demo.login_url,
        context_identifier=demo.context_identifier,
        client_id=demo.client_id,
        client_secret=demo.client_secret,
        redirect_uri=demo.redirect_uri,
    )
    credentials = RefreshToken(app, demo.refresh_token)
    with Client(
        credentials, transport=Transport(calls_per_second=None, sleep=lambda seconds: None)
    ) as client:
        yield client


def document(**changes: Any) -> NewDocument:
    values: dict[str, Any] = {
        "key": KEY,
        "subject": "Your offer",
        "file_name": "Your offer.eml",
        "template_id": 0,
        "company_id": None,
        "person_id": None,
        "sale_id": None,
        "at": datetime(2026, 4, 20, 12, 3, tzinfo=UTC),
    }
    return NewDocument(**{**values, **changes})


def test_the_tenant_and_the_user_introduce_themselves(demo: DemoTenant, desk: Client) -> None:
    assert desk.tenant_state().endpoint == demo.tenant_url
    user = desk.current_user()
    assert user.associate_id in demo.story.associates
    assert user.login
    assert user.full_name
    assert user.kind in {"InternalAssociate", "SystemAssociate"}


def test_all_sales_are_read_newest_first(demo: DemoTenant, desk: Client) -> None:
    sales = [sale for page in desk.newest_sales(None, page_size=150) for sale in page]
    told = demo.story.sales
    assert [sale.id for sale in sales] == sorted(told, reverse=True)
    assert {sale.status for sale in sales} == {"open", "sold", "lost", "stalled"}
    for sale in sales:
        original = told[sale.id]
        assert (sale.heading, sale.company_id or 0) == (original.heading, original.company_id)
        assert sale.owner_id == original.associate_id
        assert sale.amount == Decimal(str(original.amount))
    assert [sale for sale in sales if sale.company_id is None], "those without a company are told as well"


def test_the_newest_few_are_the_first_of_all(demo: DemoTenant, desk: Client) -> None:
    (page,) = desk.newest_sales(7)
    assert [sale.id for sale in page] == sorted(demo.story.sales, reverse=True)[:7]


def test_one_sale_reads_like_its_row_in_the_list(desk: Client) -> None:
    (page,) = desk.newest_sales(3)
    assert [desk.sale(sale.id) for sale in page] == page


def test_a_sale_that_nobody_knows_is_not_found(desk: Client) -> None:
    with pytest.raises(errors.NotFound, match="4000000"):
        desk.sale(4_000_000)


def test_a_person_reads_with_addresses_and_flags(demo: DemoTenant, desk: Client) -> None:
    for number, told in list(demo.story.persons.items())[:40]:
        person = desk.person(number)
        assert person.id == number
        assert (person.first_name, person.last_name) == (told.first_name, told.last_name)
        assert person.emails == tuple(told.emails)
        assert (person.no_mailing, person.retired) == (told.no_mail, told.retired)
        assert (person.company_id or 0) == told.company_id
        assert person.bounced == (told.email in told.bounced)


def test_a_company_reads_with_its_flags(demo: DemoTenant, desk: Client) -> None:
    for number, told in demo.story.companies.items():
        company = desk.company(number)
        assert (company.id, company.name) == (number, told.name)
        assert (company.no_mailing, company.stop, company.deleted) == (told.no_mail, told.stop, False)


@pytest.mark.parametrize("question", ["person", "company"])
def test_a_record_that_nobody_knows_is_not_found_in_superoffices_words(desk: Client, question: str) -> None:
    with pytest.raises(errors.NotFound) as caught:
        getattr(desk, question)(4_000_000)
    assert caught.value.status == 404
    assert caught.value.error_type == "SoNotFoundException"
    assert "4000000" in caught.value.detail


def test_product_families_come_in_their_order_without_deleted_ones(desk: Client) -> None:
    families = desk.product_families()
    assert len(families) > 3
    assert [one.rank for one in families] == sorted(one.rank for one in families)
    assert not [one for one in families if one.deleted]


def test_a_mail_is_filed_and_comes_back_byte_for_byte(demo: DemoTenant, desk: Client) -> None:
    (page,) = desk.newest_sales(50)
    sale = next(one for one in page if one.company_id and one.person_id)
    template = desk.outgoing_mail_template()
    assert template is not None
    content = bytes(range(256)) * 500 + "From: ü <u@x.example>\r\n\r\n\r\n".encode()
    new = document(
        template_id=template.id,
        sale_id=sale.id,
        company_id=sale.company_id,
        person_id=sale.person_id,
        owner_id=sale.owner_id,
        subject="Ihr Angebot: Größe & Preis",
        file_name='Ihr Angebot: "CD-01"/2026.eml',
        description="Kurz",
    )

    assert desk.find_document(key=KEY, sale_id=sale.id) is None
    created = desk.create_document(new)
    desk.upload_document(created.id, content)
    assert desk.document_length(created.id) == len(content)
    desk.complete_document(created.id)

    assert desk.download_document(created.id) == content
    assert created.file_name.endswith(".eml")
    found = desk.find_document(key=KEY, sale_id=sale.id)
    assert found is not None
    assert (found.id, found.key) == (created.id, KEY)
    stored = next(one for one in demo.documents if one.card.document_id == created.id).card
    assert (stored.company_id, stored.person_id, stored.sale_id) == (sale.company_id, sale.person_id, sale.id)
    assert (stored.header, stored.completed) == ("Ihr Angebot: Größe & Preis", "Completed")
    assert (stored.associate_id, stored.template_id) == (sale.owner_id, template.id)

    desk.delete_document(created.id)
    assert desk.find_document(key=KEY, sale_id=sale.id) is None
    with pytest.raises(errors.NotFound):
        desk.document_length(created.id)


def test_the_oldest_of_two_documents_with_our_key_is_the_one(demo: DemoTenant, desk: Client) -> None:
    template = desk.outgoing_mail_template()
    assert template is not None
    (page,) = desk.newest_sales(1)
    new = document(key="twice", template_id=template.id, sale_id=page[0].id)
    made = [desk.create_document(new).id for _ in range(2)]
    found = desk.find_document(key="twice", sale_id=page[0].id)
    assert found is not None
    assert found.id == min(made)
    for number in made:
        desk.delete_document(number)


def test_a_document_that_was_made_without_an_answer_is_found_by_its_key(
    demo: DemoTenant, desk: Client
) -> None:
    template = desk.outgoing_mail_template()
    assert template is not None
    (page,) = desk.newest_sales(1)
    demo.faults.drop_reply("/Document", method="POST")
    new = document(key="lost-answer", template_id=template.id, sale_id=page[0].id)

    with pytest.raises(errors.Unreachable):
        desk.create_document(new)

    posts = [seen for seen in demo.requests if seen.method == "POST" and seen.path.endswith("/Document")]
    assert len(posts) == 1, "a second try would make a second document"
    found = desk.find_document(key="lost-answer", sale_id=page[0].id)
    assert found is not None
    desk.delete_document(found.id)


def test_a_token_that_expires_mid_job_is_renewed_once(demo: DemoTenant, desk: Client) -> None:
    pages = desk.newest_sales(None, page_size=100)
    count = len(next(pages))
    demo.faults.expire_access_tokens()
    count += sum(len(page) for page in pages)
    assert count == len(demo.story.sales)
    assert len([seen for seen in demo.requests if seen.path.endswith("/oauth/tokens")]) == 2


def test_threads_share_a_client(demo: DemoTenant, desk: Client) -> None:
    results: list[int] = []
    barrier = threading.Barrier(2)

    def read() -> None:
        barrier.wait()
        results.append(sum(len(page) for page in desk.newest_sales(None, page_size=50)))

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [len(demo.story.sales)] * 2
    assert len([seen for seen in demo.requests if seen.path.endswith("/oauth/tokens")]) == 1


def test_a_revoked_refresh_token_needs_consent(demo: DemoTenant, desk: Client) -> None:
    demo.faults.refresh_token_revoked = True
    with pytest.raises(errors.NeedsConsent):
        desk.current_user()


def test_maintenance_has_its_own_error(demo: DemoTenant, desk: Client) -> None:
    demo.faults.state = "OfflineMaintenance"
    with pytest.raises(errors.TenantNotRunning) as caught:
        desk.current_user()
    assert caught.value.state == "OfflineMaintenance"


def test_maintenance_that_begins_mid_job_has_it_too(demo: DemoTenant, desk: Client) -> None:
    desk.current_user()
    demo.faults.state = "OfflineMaintenance"
    with pytest.raises(errors.TenantNotRunning):
        desk.current_user()


def test_html_instead_of_json_is_an_unexpected_answer_with_an_excerpt(demo: DemoTenant, desk: Client) -> None:
    demo.faults.answer_html("/Sale")
    with pytest.raises(errors.UnexpectedAnswer) as caught:
        list(desk.newest_sales(None))
    assert caught.value.problem == "html"
    assert "We are working on it" in caught.value.detail


# --- What only a scripted tenant can show ------------------------------------------------------------


def test_the_card_fits_into_superoffices_fields(tenant: ScriptedTenant, client: Client) -> None:
    default = {
        "DocumentId": 0,
        "Header": "",
        "Snum": 1.5,
        "ExternalRef": "",
        "Associate": {"AssociateId": 17},
    }
    tenant.script("GET", "Document/default", answer(default))
    tenant.script("POST", "Document", answer({"DocumentId": 7, "Name": "renamed.eml", "OurRef": KEY}))
    new = document(
        subject="😀" * 300,
        description="d" * 3000,
        file_name=f"../..\\{'n' * 300}\x00?.eml",
        template_id=6,
        sale_id=123,
    )

    created = client.create_document(new)

    (call,) = tenant.calls("Document", "POST")
    card = json.loads(call.body)
    assert (created.id, created.file_name) == (7, "renamed.eml")
    assert card["Header"] == "😀" * 109, "219 UTF-16 units, and never half a character"
    assert len(card["Description"]) == 2047
    assert len(card["Name"]) == 150
    assert card["Name"].endswith(".eml")
    assert not set(card["Name"]) & set('\\/:*?"<>|\x00')
    assert card["DocumentTemplate"] == {"DocumentTemplateId": 6}
    assert card["Sale"] == {"SaleId": 123}
    assert (card["Contact"], card["Person"], card["Project"]) == (None, None, None)
    assert card["Associate"] == {"AssociateId": 17}, "the default's owner stays when we name none"
    assert (card["ExternalRef"], card["Snum"]) == ("", 1.5)
    assert (card["Date"], card["Completed"]) == ("2026-04-20T12:03:00", "NotStarted")
    assert call.headers["SO-TimeZone"] == "UTC"
    assert call.headers["Content-Type"].startswith("application/json")


def test_the_bytes_go_up_as_they_are(tenant: ScriptedTenant, client: Client) -> None:
    tenant.script("PUT", "Document/7/Content", answer({"DocumentId": 7}))
    client.upload_document(7, b"\x00\xff\r\n.\r\n")
    (call,) = tenant.calls("Document/7/Content")
    assert call.body == b"\x00\xff\r\n.\r\n"
    assert call.headers["Content-Type"] == "application/octet-stream"


@pytest.mark.parametrize("body", [b"<html>sign in</html>", b'{"Error": true, "ErrorMessage": "no"}'])
def test_a_write_that_is_answered_with_something_else_did_not_work(
    tenant: ScriptedTenant, client: Client, body: bytes
) -> None:
    tenant.script("PUT", "Document/7/Content", answer(body))
    with pytest.raises(errors.UnexpectedAnswer):
        client.upload_document(7, b"x")


def test_completing_changes_one_field_and_clears_none(tenant: ScriptedTenant, client: Client) -> None:
    tenant.script("PATCH", "Document/7", answer(b"", 204))
    client.complete_document(7)
    (call,) = tenant.calls("Document/7")
    assert call.headers["Content-Type"] == "application/json-patch+json"
    assert call.body == b'[{"op": "replace", "path": "Completed", "value": "Completed"}]'


@pytest.mark.parametrize("key", ["", "it's", "a b", "x' or 1 eq 1", "ü", "k" * 100, "a\n"])
def test_a_key_that_could_break_a_filter_is_refused(client: Client, key: str) -> None:
    with pytest.raises(ValueError, match="document key"):
        client.find_document(key=key, sale_id=1)
    with pytest.raises(ValueError, match="document key"):
        client.create_document(document(key=key))


def test_a_key_that_only_looks_alike_is_not_ours(tenant: ScriptedTenant, client: Client) -> None:
    rows = [
        {"documentId": 3, "ourref": "KEY-1", "name": "a.eml"},
        {"documentId": 4, "ourref": "key-1", "name": "b.eml"},
    ]
    tenant.script("GET", "Document", answer(listing(*rows)), answer(listing(rows[0])))
    found = client.find_document(key="key-1", sale_id=1)
    assert found is not None
    assert found.id == 4
    assert client.find_document(key="key-1", sale_id=1) is None
    query = tenant.calls("Document")[0].query
    assert query["$filter"] == "saleId eq 1 and ourref is 'key-1'"


def template(number: int, **changes: Any) -> dict[str, Any]:
    mail = {
        "DocumentTemplateId": number,
        "Name": "Mail",
        "RecordType": "Email",
        "Direction": "Outgoing",
        "Rank": 5,
    }
    roles = {"QuoteDocType": "None", "PrivacyDocType": "None", "InvitationDocType": "None", "Deleted": False}
    return {**mail, **roles, **changes}


def test_the_mail_template_is_the_first_plain_outgoing_one(tenant: ScriptedTenant, client: Client) -> None:
    others = [
        template(1, RecordType="Document", Rank=1),
        template(2, Direction="Incoming", Rank=1),
        template(3, Deleted=True, Rank=1),
        template(4, QuoteDocType="MailBody", Rank=1),
        template(5, PrivacyDocType="PersonRegistered", Rank=1),
        template(6, InvitationDocType="New", Rank=1),
    ]
    good = [template(9, Rank=-2, QuoteDocType=None), template(7), template(8)]
    path = "List/DocumentTemplate/Items"
    tenant.script("GET", path, answer([*others, *good]), answer([*others]), answer([]))
    assert client.outgoing_mail_template() == DocumentTemplate(9, "Mail", -2, is_outgoing_mail=True)
    assert client.outgoing_mail_template() is None
    assert client.outgoing_mail_template() is None


def test_a_person_in_our_words(tenant: ScriptedTenant, client: Client) -> None:
    tenant.script("GET", "Person/63", answer(person_entity(63, BounceEmails=["INGA@erfunden.example"])))
    person = client.person(63)
    assert person == Person(
        id=63,
        first_name="Inga",
        middle_name="",
        last_name="Erdacht",
        full_name="Inga Erdacht",
        title="Einkauf",
        salutation="Dr.",
        mr_mrs="Frau",
        emails=("inga@erfunden.example", "zweite@erfunden.example"),
        bounced_emails=("INGA@erfunden.example",),
        company_id=25,
        language="German",
        country="DE",
        no_mailing=False,
        retired=False,
    )
    assert person.email == "inga@erfunden.example"
    assert person.bounced


def test_flags_that_are_missing_forbid_writing(tenant: ScriptedTenant, client: Client) -> None:
    tenant.script(
        "GET", "Person/63", answer({"PersonId": 63, "Emails": None, "Contact": None, "NoMailing": None})
    )
    tenant.script("GET", "Contact/25", answer({"ContactId": 25}))
    person, company = client.person(63), client.company(25)
    assert (person.no_mailing, person.retired, person.emails, person.bounced) == (True, True, (), False)
    assert company == Company(25, "", "", "", no_mailing=True, stop=True, deleted=False)


def test_null_for_a_record_is_not_found(tenant: ScriptedTenant, client: Client) -> None:
    tenant.script("GET", "Person/63", answer(b"null"))
    with pytest.raises(errors.NotFound):
        client.person(63)


@pytest.mark.parametrize("length", [b'"12"', b"-1", b"1.5", b"true", b"{}"])
def test_a_length_that_is_no_number_of_bytes_is_unexpected(
    tenant: ScriptedTenant, client: Client, length: bytes
) -> None:
    tenant.script("GET", "Document/7/Length", answer(length))
    with pytest.raises(errors.UnexpectedAnswer):
        client.document_length(7)


def test_a_document_may_be_larger_than_any_list(tenant: ScriptedTenant, client: Client) -> None:
    content = b"x" * (11 * 1024 * 1024)
    tenant.script("GET", "Document/7/Content", answer(content, kind="application/octet-stream"))
    assert client.download_document(7) == content


# --- What this SuperOffice is and has -----------------------------------------------------------------


def test_the_version_is_told_by_the_api_itself(tenant: ScriptedTenant, client: Client) -> None:
    assert client.api_version() == "10.3.5.412"
    (call,) = tenant.calls("/Cust12345/api")
    assert call.headers["Accept"] == "application/json", "without it a page would come"
    assert call.target == "/Cust12345/api"


def test_the_map_has_each_route_once_with_its_methods(tenant: ScriptedTenant, client: Client) -> None:
    root = "https://sod2.superoffice.com:443/Cust12345/api/v1"
    routes = {
        f"{root}/Person/{{id}}": {"GET": "a person", "put": "change it"},
        f"{root}/Agents/EMail/Send": {"POST": "Send a mail"},
        f"{root}": {"GET": "this"},
        "HTTPS://ONLINE.EXAMPLE/CUST1/API/V1/Sale/": {"GET": "sales"},
    }
    tenant.script("GET", "/Cust12345/api/v1", answer(routes))
    assert client.api_map() == {
        "person/{id}": {"GET", "PUT"},
        "agents/email/send": {"POST"},
        "": {"GET"},
        "sale": {"GET"},
    }


@pytest.mark.parametrize("answered", [[], "x", {"https://x/api/v1/Sale": "GET"}])
def test_a_map_that_is_none_is_an_unexpected_answer(
    tenant: ScriptedTenant, client: Client, answered: object
) -> None:
    tenant.script("GET", "/Cust12345/api/v1", answer(answered))
    with pytest.raises(errors.UnexpectedAnswer):
        client.api_map()


def test_the_demo_tenant_has_version_and_map(demo: DemoTenant, desk: Client) -> None:
    assert desk.api_version()
    routes = desk.api_map()
    assert "GET" in routes["user/currentprincipal"]
    assert "POST" in routes["document"]


# --- The token stays with the tenant ------------------------------------------------------------------


def test_a_redirect_to_another_host_gets_no_token(tenant: ScriptedTenant, client: Client) -> None:
    with ScriptedTenant() as elsewhere:
        target = f"{elsewhere.url}/Cust12345/api/v1/Person/63"
        tenant.script("GET", "Person/63", answer(b"", 307, Location=target))
        with pytest.raises(errors.UnexpectedAnswer) as caught:
            client.person(63)
        assert elsewhere.seen == []
    assert caught.value.problem == "redirect"


def test_trap_a_next_link_to_another_host_gets_no_token(tenant: ScriptedTenant, client: Client) -> None:
    with ScriptedTenant() as elsewhere:
        link = f"{elsewhere.url}/Cust12345/api/v1/Sale?$skiptoken=2"
        page = listing(sale_row(9), sale_row(8), next_link=link)
        tenant.script("GET", "Sale", answer(page), answer(listing()))
        assert [sale.id for found in client.newest_sales(page_size=2) for sale in found] == [9, 8]
        assert elsewhere.seen == []


@pytest.mark.parametrize("answered", [401, 421, 500])
def test_the_login_host_never_sees_an_access_token(
    tenant: ScriptedTenant, client: Client, answered: int
) -> None:
    with ScriptedTenant() as numbered:
        tenant.settings.endpoint = f"{numbered.url}/Cust12345"
        numbered.script("GET", "Person/63", answer(b"", answered), answer(person_entity(63)))
        assert client.person(63).id == 63
    assert not [seen for seen in tenant.seen if "Authorization" in seen.headers]
    assert len([seen for seen in numbered.seen if "Authorization" in seen.headers]) == 2
