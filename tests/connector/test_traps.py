"""What is easy to get wrong with SuperOffice, and the test of each: where the documentation contradicts what one
would assume ("contradicts"), and where a wrong call looks right ("trap").

Tests that belong to one module stand beside that module's tests; those about everything we ask stand here. Paths are
below `tests/`.

Signing in
    There are no scopes but `openid`; what one may do comes from rights, registration and licence.
        connector/superoffice/test_sign_in.py::test_contradicts_scopes_only_openid_is_asked_for
    The refresh token does not rotate.
        connector/superoffice/test_auth.py::test_contradicts_rotation_without_a_new_refresh_token_the_old_one_stays
        connector/superoffice/test_auth.py::test_an_empty_or_equal_refresh_token_replaces_nothing
    The stage environment lives at qaonline.
        connector/superoffice/test_auth.py::test_trap_the_stage_host_is_qaonline_and_each_environment_has_its_own
    The token address is plural.
        connector/superoffice/test_auth.py::test_trap_the_token_address_is_plural
    The login host is not the API's; the API's moves, and the old one answers 421.
        connector/superoffice/test_tenant.py::test_trap_the_login_host_is_not_the_api_host
        connector/superoffice/test_tenant.py::test_a_tenant_that_moved_is_found_and_all_processes_know
        connector/superoffice/test_transport.py::test_a_moved_tenant_is_looked_up_again_and_the_call_follows
        faults/test_connection_faults.py::test_a_report_follows_the_tenant_to_its_new_host
        faults/test_connection_faults.py::test_filing_follows_the_tenant_to_its_new_host
    The tenant's state writes seven digits after the point, and addresses with ":443".
        connector/superoffice/test_tenant.py::test_trap_moments_with_seven_digits_are_read
        connector/superoffice/test_tenant.py::test_trap_addresses_with_port_443_are_brought_to_one_spelling
    One refresh token is one tenant: the claim `ctx` must be ours.
        connector/superoffice/test_auth.py::test_trap_the_tenant_must_be_the_claim_ctx_and_no_token_is_kept
    Client id, secret and certificate are one environment's.
        connector/superoffice/test_auth.py::test_trap_a_token_of_another_environment_is_refused
    A ticket needs the word SOTicket and SO-AppToken; a bearer token must not have it.
        connector/superoffice/test_system_user.py::test_trap_a_system_user_needs_the_word_soticket_and_so_apptoken
        connector/superoffice/test_system_user.py::test_the_app_token_goes_to_the_tenant_only_and_with_a_ticket_only
    The system user's token is signed with PKCS#1 v1.5, and over the minute in UTC.
        connector/superoffice/test_private_key.py::test_trap_the_signature_is_pkcs1_v15_with_sha256_and_pss_fails
        connector/superoffice/test_private_key.py::test_trap_the_minute_is_utc_wherever_the_server_stands
        connector/superoffice/test_system_user.py::test_trap_local_time_fails_and_is_never_used
    A signature is good for minutes.
        connector/superoffice/test_system_user.py::test_a_clock_that_is_off_is_told_as_such
        faults/test_connection_faults.py::test_a_clock_that_is_farther_off_is_named_and_costs_no_mail
    Passwords are for installations of one's own.
        connector/superoffice/test_ways_in.py::test_trap_the_tenant_online_takes_no_password
    `is_administrator` is a text.
        connector/superoffice/test_auth.py::test_trap_is_administrator_is_a_text
    Secrets belong into the body: an address ends up in logs.
        connector/superoffice/test_auth.py::test_trap_secrets_travel_in_the_body_and_never_in_an_address
        connector/superoffice/test_transport.py::test_secrets_travel_in_bodies_and_headers_never_in_an_address

Reading
    `Contact ne null`: neither such a column nor such a literal.
        connector/test_traps.py::test_contradicts_contact_ne_null_no_filter_of_ours_knows_null
    `$count` does not exist.
        connector/test_traps.py::test_contradicts_count_is_never_asked_for
    `Sale/{id}/Quotes` and `Contact/{id}/Quotes` do not exist; neither do quote lines as a REST collection.
        connector/test_probe.py::test_contradicts_invented_routes_are_never_taken_for_missing_rights
        connector/test_traps.py::test_contradicts_quote_lines_are_asked_of_the_archive_only
    Columns of lists are camelCase, properties of records PascalCase.
        connector/test_traps.py::test_trap_columns_are_camel_case_and_properties_pascal_case
    `le` and `ge` fail; dates need quotes and named operators.
        connector/test_traps.py::test_trap_le_and_ge_fail_and_dates_need_quotes_and_named_operators
    `after` counts in days and leaves its own day out.
        connector/superoffice/test_reading.py::test_changes_on_the_day_itself_are_among_those_since_it
        connector/superoffice/test_reading.py::test_the_filter_counts_in_days_and_leaves_its_own_day_out
    Quote lines of archived versions and of other alternatives are listed too.
        connector/superoffice/test_reading.py::test_all_lines_come_and_one_alternative_of_each_sale_counts
    A tenant's own fields are not on every tenant.
        connector/superoffice/test_reading.py::test_columns_that_the_tenant_does_not_have_do_not_end_the_reading
    `associateId` and `probPercent` are texts, list values are display texts, `PrimaryKey` is a text.
        connector/test_traps.py::test_trap_columns_that_only_look_like_numbers_are_not_asked_for
        connector/test_traps.py::test_trap_the_primary_key_is_a_text_and_not_what_we_read
        connector/superoffice/test_listing.py::test_the_owners_number_comes_from_its_own_column
        connector/superoffice/test_listing.py::test_the_status_is_one_of_four_words_or_what_stands_there
    Without a language names arrive raw.
        connector/superoffice/test_transport.py::test_every_call_is_pinned_to_language_culture_and_json
    `$skip` repeats the whole search for each page.
        connector/test_traps.py::test_trap_skip_is_quadratic_and_never_sent
        connector/superoffice/test_listing.py::test_pages_go_by_key_and_ask_for_no_more_than_needed
    Updated and registered are UTC, business dates the tenant's zone.
        connector/superoffice/test_listing.py::test_timestamps_are_utc_and_sale_dates_stay_days_of_the_tenant
    0 and year 1 mean none.
        connector/superoffice/test_listing.py::test_a_sale_without_company_person_and_owner_is_still_a_sale
        connector/superoffice/test_listing.py::test_year_one_and_the_open_end_mean_none
    Amounts are in the sale's own currency.
        connector/test_traps.py::test_trap_an_amount_is_worth_nothing_without_its_currency
    Rows that the user may not see are missing without a word.
        connector/test_probe.py::test_trap_no_row_is_no_proof_that_reading_works
        connector/superoffice/test_listing.py::test_rows_that_the_user_may_not_see_do_not_end_the_list_early
    A link in an answer may lead to another host.
        connector/superoffice/test_client.py::test_trap_a_next_link_to_another_host_gets_no_token
        connector/superoffice/test_listing.py::test_a_link_to_another_host_is_not_followed

Filing a mail
    No type makes a document a mail: its template does.
        connector/test_traps.py::test_contradicts_a_documents_type_is_no_mail_its_template_is
        connector/superoffice/test_client.py::test_the_mail_template_is_the_first_plain_outgoing_one
    Templates have other numbers in each tenant.
        connector/test_traps.py::test_trap_the_templates_number_is_the_tenants
    `ExternalRef` belongs to the document archive.
        connector/test_traps.py::test_contradicts_external_ref_is_left_to_the_document_archive
    No agent files mails; the e-mail agent is closed.
        connector/test_traps.py::test_contradicts_no_agent_files_a_mail
    `message/rfc822` is no accepted type of content.
        connector/test_traps.py::test_trap_content_goes_up_as_plain_bytes_and_never_as_a_mail
    POST …/Content generates a file from the template.
        connector/test_traps.py::test_trap_posting_content_would_overwrite_it_with_a_template
    Two steps may leave an empty card.
        outreach/test_archiving.py::test_a_document_whose_reply_was_lost_is_adopted
        outreach/test_crashes.py::test_a_death_while_filing_leaves_one_document
        faults/test_connection_faults.py::test_a_write_to_the_document_is_tried_once_and_done_by_the_next_attempt
    The server may rename the file.
        connector/superoffice/test_client.py::test_the_card_fits_into_superoffices_fields
    A person must belong to the company.
        connector/test_traps.py::test_trap_a_person_without_a_company_is_filed_without_one
    Creating answers 200 with the record, not 201 with a Location.
        connector/test_traps.py::test_contradicts_201_creating_is_believed_by_its_record

Follow-ups and links
    The owner is named, the task is one of the tenant's list, the kind is one of two.
        connector/test_traps.py::test_trap_a_follow_up_has_its_owner_its_task_and_its_kind
    Participants would be invited.
        connector/test_traps.py::test_trap_a_follow_up_invites_nobody
    The host of links moves.
        connector/superoffice/test_tenant.py::test_a_link_follows_a_moved_tenant
        outreach/test_views.py::test_the_link_to_the_document_leads_to_the_tenant_and_nowhere_else

Probing
    `/Shipment` and `/Associate/Me` do not exist; a 404 or 500 there says nothing about rights or licences.
        connector/test_probe.py::test_contradicts_invented_routes_are_never_taken_for_missing_rights
        connector/test_capabilities.py::test_what_does_not_exist_is_never_explained_by_rights
        connector/test_traps.py::test_contradicts_invented_routes_are_asked_by_the_probe_only
    `/User/current` is closed online.
        connector/test_traps.py::test_trap_who_we_are_is_asked_where_it_is_open_online
    Some calls act for real.
        connector/test_probe.py::test_trap_what_acts_at_once_cannot_even_be_asked
        connector/test_traps.py::test_trap_nothing_that_we_ask_acts_for_real
    Agents answer 200 with null or with an error object.
        connector/test_probe.py::test_trap_an_agent_that_answers_null_is_neither_yes_nor_no
        connector/test_probe.py::test_an_agent_that_is_opened_per_app_is_restricted_whatever_the_code
        connector/test_traps.py::test_trap_an_error_object_with_200_is_no_success_of_any_agent
    A mask has composite names: looking for "Insert" misses most of them.
        connector/test_probe.py::test_trap_the_right_to_insert_hides_in_composite_names
    What the system user may do says nothing about anybody else.
        connector/test_probe.py::test_trap_the_system_user_is_refused_by_the_registration_and_not_by_a_role
        connector/test_capability_views.py::test_the_system_user_is_explained

Privacy
    What the flags against mailings mean is to be tried on a real tenant: where they are missing, nobody is written to.
        connector/superoffice/test_client.py::test_flags_that_are_missing_forbid_writing
        connector/superoffice/test_listing.py::test_columns_that_are_missing_break_nothing_and_forbid_writing

Writing
    PUT clears what it leaves out.
        connector/test_traps.py::test_trap_put_clears_what_it_leaves_out_and_carries_content_only
        connector/superoffice/test_client.py::test_completing_changes_one_field_and_clears_none
    DELETE on a list wipes it.
        connector/test_traps.py::test_trap_delete_is_for_our_own_records_only
    The owner company must not be renamed, a user's person must not change its company.
        connector/test_traps.py::test_trap_companies_and_persons_are_never_written
    Ten calls a second over all processes; the log is kept for three months, without secrets.
        connector/test_pace.py::test_four_processes_together_never_exceed_the_limit_in_any_second
        connector/test_call_log.py::test_calls_older_than_ninety_days_go_in_batches
        connector/test_call_log.py::test_no_row_has_a_secret

These concern no call that we make: quote lines of old versions and unselected alternatives (the probe only counts
whether there is a line), the preview of `.eml` and `.somail` files, subscriptions, consents, receiving webhooks, and
what a changed app registration costs.
"""

import ast
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connector.demo.seen import SeenRequest
from connector.demo.tenant import DemoTenant
from connector.superoffice import errors, probe, trial
from connector.superoffice.client import Client
from connector.superoffice.findings import Status
from connector.superoffice.transport import Transport
from connector.superoffice.types import Sale
from tests.connector.contracts import CONTRACTS, LOGIN_HOST, NOW, api_path, mail, refresh_token
from tests.connector.superoffice.conftest import credentials_for
from tests.connector.superoffice.rows import listing, sale_row
from tests.connector.superoffice.server import ScriptedTenant, answer

pytestmark = pytest.mark.once

TESTS = Path(__file__).parents[1]
NODE = re.compile(r"^ +(\w[\w/]*\.py)::(test_\w+)$", re.MULTILINE)
TODAY = date(2026, 3, 18)


def quick() -> Transport:
    return Transport(calls_per_second=None, timeouts=(2.0, 2.0), sleep=lambda _seconds: None)


# --- Everything we ask ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Asked:
    """One request to the API, by whom; `path` is what follows `/api/v1`."""

    by: str
    path: str
    seen: SeenRequest

    @property
    def name(self) -> str:
        return f"{self.seen.method} {self.path}"

    @property
    def body(self) -> Any:
        is_json = "json" in self.seen.headers.get("Content-Type", "")
        return json.loads(self.seen.body) if is_json else None


@dataclass(frozen=True)
class Day:
    """All that the client's methods, the probe and the trial ask of a tenant."""

    tenant: DemoTenant
    asked: list[Asked]

    def options(self, name: str) -> set[str]:
        """The values of a query parameter."""
        return {one.seen.query[name] for one in self.asked if name in one.seen.query}

    def of(self, method: str, by: str = "") -> list[Asked]:
        return [one for one in self.asked if one.seen.method == method and by in one.by]


@pytest.fixture(scope="module")
def day() -> Iterator[Day]:
    with DemoTenant(today=TODAY) as tenant:
        asked: list[Asked] = []
        for by in ("client", "probe", "trial"):
            tenant.forget_requests()
            with Client(refresh_token(tenant), transport=quick()) as client:
                _ask_everything(client, by)
            asked += [
                Asked(by, api_path(one.path), one)
                for one in tenant.requests
                if not LOGIN_HOST.fullmatch(one.path)
            ]
        yield Day(tenant, asked)


def _ask_everything(client: Client, by: str) -> None:
    """What is refused was asked all the same: the answers are the contract's affair."""
    if by == "probe":
        probe.probe(client)
    elif by == "trial":
        trial.try_records(client, key="sales-desk-traps", now=NOW)
    else:
        document_id = client.create_document(mail(sale_id=120, company_id=None, person_id=None)).id
        methods = [contract for name, contract in CONTRACTS.items() if name != "close"]
        for contract in methods:
            with suppress(errors.SuperOfficeError):
                contract.drive(client, document_id)


TERM = r"[\w/.]+ (?:(?:gt|lt|eq) \d+|in \(\d+(?:,\d+)*\)|(?:is|=) '[\w.:-]+'|after '\d{4}-\d\d-\d\d')"
PART = rf"(?:{TERM}|\({TERM} or {TERM}\))"


def test_contradicts_contact_ne_null_no_filter_of_ours_knows_null(day: Day) -> None:
    filters = day.options("$filter")
    assert len(filters) >= 4
    for words in filters:
        assert "null" not in words.lower()
        assert not re.search(r"\b[Cc]ontact (ne|eq)\b", words)


def test_trap_le_and_ge_fail_and_dates_need_quotes_and_named_operators(day: Day) -> None:
    """Our filters compare numbers by gt, lt, eq and in, texts by `is` (names of tables by =), days by `after`."""
    filters = day.options("$filter")
    assert any(" after '" in words for words in filters)
    for words in filters:
        assert re.fullmatch(rf"{PART}(?: and {PART})*", words), words


def test_contradicts_count_is_never_asked_for(day: Day) -> None:
    names = {name.lower() for one in day.asked for name in one.seen.query}
    assert names == {"$select", "$filter", "$orderby", "$top", "$mode", "includedeleted"}


def test_trap_skip_is_quadratic_and_never_sent(day: Day) -> None:
    assert day.options("$skip") == set()
    # Each page of a list begins below the last number of the one before.
    pages = [one.seen.query["$filter"] for one in day.asked if one.seen.query.get("$top") == "30"]
    assert [re.sub(r"\d+", "n", words) for words in pages] == ["saleId gt n", "saleId lt n"]


def test_trap_columns_are_camel_case_and_properties_pascal_case(day: Day) -> None:
    columns = {column for words in day.options("$select") for column in words.split(",")}
    # Fields of a tenant's own and tables of the database have the names that somebody gave them.
    named = {column for column in columns if column.startswith("saleUdef/") or "." in column}
    assert named
    assert columns - named
    assert all(part[0].islower() for column in columns - named for part in column.split("/"))
    properties = {name for one in day.asked if isinstance(one.body, dict) for name in one.body}
    assert {"Header", "DocumentTemplate", "TableName"} <= properties
    # The two spellings are one thing in `_Links`; nothing else begins otherwise.
    assert all(name[0].isupper() for name in properties - {"_Links"})


def test_trap_columns_that_only_look_like_numbers_are_not_asked_for(day: Day) -> None:
    columns = {column for words in day.options("$select") for column in words.split(",")}
    assert "associate/associateDbId" in columns
    assert not columns & {"associateId", "PrimaryKey"}
    (sale,) = Sale.from_rows([sale_row(7, amount="1.5", probPercent="60")])
    assert sale.probability == 60, "this one is asked for, and read as the text that it is"


def test_contradicts_quote_lines_are_asked_of_the_archive_only(day: Day) -> None:
    about_quotes = {one.name for one in day.asked if "quote" in one.path.lower()}
    places = {re.sub(r"\d+", "{id}", name) for name in about_quotes}
    in_vain = {"GET /Sale/{id}/Quotes"}
    assert places - in_vain == {"GET /Archive/FindQuoteLine", "POST /Agents/Quote/HasConnections"}
    assert {one.by for one in day.asked if one.path.endswith("/Quotes")} == {"probe"}


def test_contradicts_invented_routes_are_asked_by_the_probe_only(day: Day) -> None:
    invented = re.compile(r"/Associate\b.*|/Shipment.*|/(?:Sale|Contact)/\d+/Quotes|/Quote.*", re.IGNORECASE)
    askers = {(one.by, re.sub(r"\d+", "{id}", one.path)) for one in day.asked if invented.fullmatch(one.path)}
    assert askers == {("probe", path) for path in ("/Associate/Me", "/Shipment", "/Sale/{id}/Quotes")}


def test_trap_who_we_are_is_asked_where_it_is_open_online(day: Day) -> None:
    assert {one.path for one in day.asked if one.path.startswith("/User")} == {"/User/currentPrincipal"}


def test_contradicts_no_agent_files_a_mail(day: Day) -> None:
    agents = {one.path.split("/")[2] for one in day.asked if one.path.startswith("/Agents/")}
    assert agents == {"Sentry", "Quote", "EMail", "Archive"}
    assert {one.path for one in day.asked if one.path.startswith("/Agents/Archive")} == {
        "/Agents/Archive/GetAvailableColumns"
    }
    about_mail = {one.path for one in day.asked if one.path.startswith("/Agents/EMail")}
    assert about_mail == {"/Agents/EMail/GetCurrentAccountId"}


def test_trap_nothing_that_we_ask_acts_for_real(day: Day) -> None:
    assert day.tenant.acted == []


def test_trap_posting_content_would_overwrite_it_with_a_template(day: Day) -> None:
    verbs = {one.seen.method for one in day.asked if one.path.endswith("/Content")}
    assert verbs == {"PUT", "GET"}


def test_trap_content_goes_up_as_plain_bytes_and_never_as_a_mail(day: Day) -> None:
    uploads = day.of("PUT")
    assert {one.by for one in uploads} == {"client", "trial"}
    assert {one.seen.headers["Content-Type"] for one in uploads} == {"application/octet-stream"}


def test_trap_put_clears_what_it_leaves_out_and_carries_content_only(day: Day) -> None:
    assert all(re.fullmatch(r"/Document/\d+/Content", one.path) for one in day.of("PUT"))
    assert all(re.fullmatch(r"/Document/\d+", one.path) for one in day.of("PATCH"))
    assert day.of("PATCH")


def test_trap_delete_is_for_our_own_records_only(day: Day) -> None:
    deleted = day.of("DELETE")
    assert deleted
    assert all(re.fullmatch(r"/(?:Document|Appointment)/\d+", one.path) for one in deleted)


def test_trap_companies_and_persons_are_never_written(day: Day) -> None:
    written = {one.path for one in day.asked if one.seen.method != "GET" and "/Agents/" not in one.path}
    assert {path.split("/")[1] for path in written} == {"Document", "Appointment"}


# --- Filing ---------------------------------------------------------------------------------------------


def _cards(day: Day) -> list[dict[str, Any]]:
    cards = [one.body for one in day.of("POST") if one.path in {"/Document", "/Document/Validate"}]
    assert len(cards) >= 5
    return cards


@pytest.fixture(scope="module")
def default_card(day: Day) -> dict[str, Any]:
    with Client(refresh_token(day.tenant), transport=quick()) as client:
        card: dict[str, Any] = client.ask("GET", "Document/default")
        return card


def test_contradicts_external_ref_is_left_to_the_document_archive(
    day: Day, default_card: dict[str, Any]
) -> None:
    for card in _cards(day):
        assert card["ExternalRef"] == default_card["ExternalRef"]
    assert all(one.body["OurRef"] for one in day.of("POST") if one.path == "/Document")


def test_contradicts_a_documents_type_is_no_mail_its_template_is(
    day: Day, default_card: dict[str, Any]
) -> None:
    for card in _cards(day):
        assert card["Type"] == default_card["Type"]
    with Client(refresh_token(day.tenant), transport=quick()) as client:
        template = client.outgoing_mail_template()
        assert template is not None
        made = client.create_document(mail(template_id=template.id, key="sales-desk-mail"))
        query = {"$select": "documentId,recordType,isMail", "$filter": f"documentId eq {made.id}"}
        (row,) = client.ask("GET", "Document", query=query)["value"]
        client.delete_document(made.id)
    assert (row["recordType"], row["isMail"]) == ("Email", True)


@pytest.mark.parametrize("number", [6, 4711])
def test_trap_the_templates_number_is_the_tenants(number: int) -> None:
    """Here tried on the whole way of a trial: look the template up, make a card of it."""
    template = {"DocumentTemplateId": number, "Name": "Mail", "RecordType": "Email", "Direction": "Outgoing"}
    with ScriptedTenant() as tenant, Client(credentials_for(tenant.url), transport=quick()) as client:
        tenant.script("GET", "User/currentPrincipal", answer({"AssociateId": 17}))
        tenant.script("GET", "List/DocumentTemplate/Items", answer([template]))
        tenant.script("GET", "Document/default", answer({"DocumentTemplate": {"DocumentTemplateId": 1}}))
        tenant.script("POST", "Document", answer({"DocumentId": 7, "Name": "x.eml", "OurRef": "x"}))
        trial.try_records(client, key="sales-desk-traps", now=NOW)
        (call,) = tenant.calls("Document", "POST")
    assert call.data["DocumentTemplate"] == {"DocumentTemplateId": number}


@pytest.mark.parametrize("status", [200, 201])
def test_contradicts_201_creating_is_believed_by_its_record(status: int) -> None:
    with ScriptedTenant() as tenant, Client(credentials_for(tenant.url), transport=quick()) as client:
        tenant.script("GET", "Document/default", answer({}))
        record = {"DocumentId": 7, "Name": "x.eml", "OurRef": "sales-desk-contract"}
        headers = {"Location": f"{tenant.url}/elsewhere/8"} if status == 201 else {}
        tenant.script("POST", "Document", answer(record, status, **headers))
        assert client.create_document(mail()).id == 7
        tenant.script("POST", "Document", answer(b"", status, **headers))
        with pytest.raises(errors.UnexpectedAnswer):
            client.create_document(mail())
        assert tenant.calls("/elsewhere/8") == []


def test_trap_a_person_without_a_company_is_filed_without_one(day: Day) -> None:
    alone = next(one for one in day.tenant.story.persons.values() if not one.company_id)
    with Client(refresh_token(day.tenant), transport=quick()) as client:
        made = client.create_document(mail(company_id=None, person_id=alone.person_id))
        client.delete_document(made.id)
        with pytest.raises(errors.BadRequest) as refused:
            client.create_document(mail(company_id=2, person_id=alone.person_id))
    assert "does not belong" in refused.value.detail


# --- Follow-ups -----------------------------------------------------------------------------------------


def _follow_up(day: Day) -> dict[str, Any]:
    (made,) = [one.body for one in day.of("POST") if one.path == "/Appointment"]
    follow_up: dict[str, Any] = made
    return follow_up


def test_trap_a_follow_up_has_its_owner_its_task_and_its_kind(day: Day) -> None:
    follow_up = _follow_up(day)
    with Client(refresh_token(day.tenant), transport=quick()) as client:
        assert follow_up["Associate"] == {"AssociateId": client.current_user().associate_id}
        tasks = {item["TaskListItemId"]: item for item in client.ask("GET", "List/Task/Items")}
    assert follow_up["Task"]["TaskListItemId"] in tasks
    assert follow_up["Type"] in {"inDiary", "inChecklist"}


def test_trap_a_follow_up_invites_nobody(day: Day) -> None:
    follow_up = _follow_up(day)
    assert follow_up["Participants"] == []
    assert (follow_up["Contact"], follow_up["Person"]) == (None, None)


# --- Reading --------------------------------------------------------------------------------------------


def test_trap_the_primary_key_is_a_text_and_not_what_we_read() -> None:
    with ScriptedTenant() as tenant, Client(credentials_for(tenant.url), transport=quick()) as client:
        row = sale_row(12, PrimaryKey="4711", associateId="AM", probPercent="100")
        tenant.script("GET", "Sale", answer(listing(row)))
        assert client.sale(12).id == 12


def test_trap_an_amount_is_worth_nothing_without_its_currency(day: Day) -> None:
    with Client(refresh_token(day.tenant), transport=quick()) as client:
        read = {sale.id: sale for page in client.newest_sales() for sale in page}
    assert len({sale.currency for sale in read.values()}) > 1
    assert all(sale.currency for sale in read.values() if sale.amount)
    for number, sale in day.tenant.story.sales.items():
        assert read[number].amount == Decimal(str(sale.amount))


# --- Agents ---------------------------------------------------------------------------------------------

ERROR_OBJECTS: list[dict[str, Any]] = [
    {"Error": True, "ErrorType": "ArgumentException", "ErrorMessage": "no"},
    {"Error": True, "ErrorType": "ArgumentException", "Message": "no"},
    {"Message": "An error has occurred.", "MessageDetail": "no"},
]


@pytest.mark.parametrize("body", ERROR_OBJECTS)
@pytest.mark.parametrize(
    ("path", "feature", "status"),
    [
        ("/Agents/Sentry", "upload_content", Status.UNKNOWN),  # nothing is known about the right
        ("/Agents/Quote", "quote_lines", Status.WORKS),  # the list itself proves it
        ("/Agents/EMail", "native_email", Status.RESTRICTED),
        ("/Document/Validate", "create_document", Status.UNKNOWN),
    ],
)
def test_trap_an_error_object_with_200_is_no_success_of_any_agent(
    day: Day, body: dict[str, Any], path: str, feature: str, status: Status
) -> None:
    with day.tenant.faults.cleared_afterwards() as faults:
        faults.restricted = set()
        faults.answer_status(path, 200, json.dumps(body), times=None, method="POST")
        with Client(refresh_token(day.tenant), transport=quick()) as client:
            found = {one.feature: one for one in probe.probe(client)}
    assert found[feature].status is status
    if status is Status.RESTRICTED or path == "/Document/Validate":
        assert found[feature].facts["problem"] == "error_object"
        assert "no" in found[feature].words


# --- The table above ------------------------------------------------------------------------------------


def _tests_in(path: str) -> set[str]:
    tree = ast.parse((TESTS / path).read_text("utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_test_that_the_table_names_exists() -> None:
    named = NODE.findall(__doc__ or "")
    assert len(named) > 70
    assert "::" not in NODE.sub("", __doc__ or ""), "a line that is not read as the name of a test"
    known = {path: _tests_in(path) for path, _name in named}
    assert [f"{path}::{name}" for path, name in named if name not in known[path]] == []


def test_every_test_that_is_named_after_a_trap_is_in_the_table() -> None:
    named = {name for _path, name in NODE.findall(__doc__ or "")}
    files = [
        file
        for file in TESTS.rglob("test_*.py")
        if re.search(r"def test_(trap|contra)", file.read_text("utf-8"))
    ]
    after_traps = {
        name
        for file in files
        for name in _tests_in(str(file.relative_to(TESTS)))
        if name.startswith(("test_trap_", "test_contradicts_"))
    }
    assert after_traps - named == set(), "each of them needs its line in the table at the top of this file"
