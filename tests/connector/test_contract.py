"""Every request we make and every answer of the demo tenant to it, held against SuperOffice's specifications.

A new method of `Client`, a new question of the probe or the trial, or a request made anywhere else fails here
until it has its contract.
"""

import ast
import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from connector.demo.tenant import DemoTenant
from connector.superoffice import errors, probe, trial
from connector.superoffice.caller import PINNED
from connector.superoffice.client import Client
from connector.superoffice.leftovers import Left
from tests.connector.contracts import (
    CONTRACTS,
    CREATED,
    NOT_SPECIFIED,
    NOW,
    NUMBER,
    WAYS_IN,
    Recorder,
    Wire,
    api_path,
    mail,
    password,
    refresh_token,
    system_user,
)
from tests.connector.specification import Operation, definition, find, is_path, schema_problems

pytestmark = pytest.mark.once

SUPEROFFICE = Path(probe.__file__).parent
HOUSE = SUPEROFFICE.parents[1]


@pytest.fixture(scope="module")
def running_tenant() -> Iterator[DemoTenant]:
    with DemoTenant(today=date(2026, 3, 18)) as tenant:
        yield tenant


@pytest.fixture
def tenant(running_tenant: DemoTenant) -> Iterator[DemoTenant]:
    """Everything is granted, so that every question has an answer that can be looked at."""
    faults = running_tenant.faults
    faults.restricted, faults.licences = set(), ["user-plan", "marketing"]
    with faults.cleared_afterwards():
        yield running_tenant


@pytest.fixture(params=[refresh_token], ids=lambda way: way.__name__)
def wire(tenant: DemoTenant, request: pytest.FixtureRequest) -> Iterator[Wire]:
    """With a document to work on, and nothing asked yet."""
    with Recorder() as recorder, Client(request.param(tenant), transport=recorder) as client:
        document_id = client.create_document(mail()).id
        client.upload_document(document_id, b"From: a@b.invalid\r\n\r\n")
        recorder.answers.clear()
        tenant.forget_requests()
        yield Wire(tenant, client, recorder, document_id, request.param is password)


# --- The client -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("wire", WAYS_IN, indirect=True, ids=lambda way: way.__name__)
@pytest.mark.parametrize("method", CONTRACTS)
def test_what_a_method_of_the_client_asks_and_is_told_is_as_specified(wire: Wire, method: str) -> None:
    contract = CONTRACTS[method]
    contract.drive(wire.client, wire.document_id)
    assert wire.asked == contract.asks(wire)
    assert wire.problems() == []


def test_every_public_method_of_the_client_has_its_contract() -> None:
    public = {name for name in dir(Client) if not name.startswith("_")}
    assert public == CONTRACTS.keys()


# --- The probe and the trial ----------------------------------------------------------------------------


def test_every_question_of_the_probe_is_asked_and_as_specified(wire: Wire) -> None:
    probe.probe(wire.client)
    shortened = {(one.method, NUMBER.sub("/{id}", api_path(one.path))[1:]) for one in wire.requests}
    assert shortened - {("GET", ""), ("GET", "v1")} == probe.ALLOWED
    assert wire.problems() == []


def test_the_probe_of_a_system_user_and_of_an_installation_of_its_own_is_as_specified(
    tenant: DemoTenant,
) -> None:
    for way_in in (system_user, password):
        with Recorder() as recorder, Client(way_in(tenant), transport=recorder) as client:
            tenant.forget_requests()
            probe.probe(client, is_online=way_in is system_user)
            assert Wire(tenant, client, recorder).problems() == []


def test_what_the_probe_looks_for_in_vain_is_in_no_specification() -> None:
    in_vain = ("/Associate/Me", "/Shipment", "/Sale/{id}/Quotes")
    assert {f"GET {path}" for path in in_vain} <= NOT_SPECIFIED.keys()
    for path in in_vain:
        assert not is_path(path.replace("{id}", "120"))
        assert ("GET", path[1:]) in probe.ALLOWED


def _lost_answers(tenant: DemoTenant) -> None:
    """Whatever is written or removed happens, and nobody hears of it."""
    for prefix in ("/Document", "/Appointment"):
        tenant.faults.drop_reply(prefix, method="POST")
        tenant.faults.drop_reply(prefix, method="DELETE")


@pytest.mark.parametrize("begin", [lambda _tenant: None, _lost_answers], ids=["fine", "lost answers"])
def test_the_trial_asks_what_is_specified_and_nothing_else(
    wire: Wire, begin: Callable[[DemoTenant], None]
) -> None:
    begin(wire.tenant)
    trial.try_records(wire.client, key="sales-desk-trial-1", now=NOW)
    assert wire.problems() == []
    assert {*CREATED, "POST /Appointment", "DELETE /Document/{id}"} <= set(wire.asked)


def test_every_question_of_the_trial_has_been_asked(wire: Wire) -> None:
    """The verbs and paths that stand in its text; a path that is put together counts by its verb."""
    trial.try_records(wire.client, key="sales-desk-trial-1", now=NOW)
    _lost_answers(wire.tenant)
    earlier = [Left(path, "sales-desk-trial-0") for path in ("Document/4711", "Document", "Appointment")]
    trial.try_records(wire.client, key="sales-desk-trial-2", now=NOW, leftovers=earlier)
    assert wire.problems() == []
    asked = {(one.method, api_path(one.path)[1:]) for one in wire.requests}
    questions = list(_asks(SUPEROFFICE / "trial.py"))
    assert len(questions) >= 6
    for method, path in questions:
        assert any(verb == method and path in {None, word} for verb, word in asked), (method, path)


# --- Nobody else asks -----------------------------------------------------------------------------------


def _calls(file: Path, name: str) -> Iterator[ast.Call]:
    """All calls in a file that has `name(` in it."""
    text = file.read_text("utf-8")
    nodes = ast.walk(ast.parse(text)) if f"{name}(" in text else iter(())
    return (one for one in nodes if isinstance(one, ast.Call))


def _asks(file: Path) -> Iterator[tuple[str, str | None]]:
    """Verb and path of each `….ask(…)`; None for a path that is no plain text."""
    for call in _calls(file, ".ask"):
        if isinstance(call.func, ast.Attribute) and call.func.attr == "ask" and len(call.args) == 2:
            method, path = call.args
            if isinstance(method, ast.Constant):
                yield str(method.value), str(path.value) if isinstance(path, ast.Constant) else None


def _house_files() -> Iterator[Path]:
    for app in ("config", "connector", "reports", "outreach"):
        yield from (file for file in (HOUSE / app).rglob("*.py") if "demo" not in file.parts)


def test_requests_are_made_in_these_places_only() -> None:
    """The client's are tried here, those to the login host in their own tests."""
    makers = {
        file.name
        for file in SUPEROFFICE.glob("*.py")
        for call in _calls(file, "Request")
        if isinstance(call.func, ast.Name) and call.func.id == "Request"
    }
    assert makers == {"caller.py", "grants.py", "identity.py", "tenant.py"}


def test_nobody_but_the_probe_and_the_trial_asks_any_question() -> None:
    askers = {file.name for file in _house_files() if any(True for _question in _asks(file))}
    assert askers == {"probe.py", "questions.py", "trial.py"}


# --- PATCH ----------------------------------------------------------------------------------------------


def test_the_patch_changes_a_property_that_exists_to_a_value_it_may_have(wire: Wire) -> None:
    wire.client.complete_document(wire.document_id)
    (request,) = wire.requests
    assert is_path(api_path(request.path))
    assert find("PATCH", api_path(request.path)) is None, "then it has a contract of its own by now"
    assert request.headers["Content-Type"] == "application/json-patch+json"
    changes = json.loads(request.body)
    assert [sorted(change) for change in changes] == [["op", "path", "value"]]
    entity = {change["path"]: change["value"] for change in changes}
    assert {change["op"] for change in changes} == {"replace"}
    assert schema_problems("Document", definition("Document", "DocumentEntity"), entity) == []


# --- The contract itself --------------------------------------------------------------------------------

JSON = {"Content-Type": "application/json; charset=utf-8"}
WRONG: list[tuple[str, str, dict[str, str], dict[str, str], bytes]] = [
    ("GET", "/Sale", {"$count": "true"}, {}, b""),
    ("GET", "/Sale", {"$top": "all"}, {}, b""),
    ("GET", "/Sale", {"$mode": "fat"}, {}, b""),
    ("GET", "/Sale", {}, {"SO-Invented": "1"}, b""),
    ("GET", "/Sale", {}, {}, b"{}"),
    ("GET", "/List/ProductFamily/Items", {"includeDeleted": "yes"}, {}, b""),
    ("POST", "/Agents/Associate/GetAssociate", {}, {}, b""),
    ("POST", "/Document", {}, JSON, b""),
    ("POST", "/Document", {}, JSON, b"null"),
    ("POST", "/Document", {}, JSON, b'{"header": "camel case"}'),
    ("POST", "/Document", {}, JSON, b'{"Contact": 5}'),
    ("POST", "/Document", {}, JSON, b'{"Sale": {"SaleID": 5}}'),
    ("POST", "/Document", {}, JSON, b'{"Completed": "Yes"}'),
    ("POST", "/Document", {}, {"Content-Type": "application/octet-stream"}, b"x"),
    ("PUT", "/Document/5/Content", {}, {"Content-Type": "message/rfc822"}, b"x"),
    ("POST", "/Agents/Sentry/GetNewTableRight", {}, JSON, b'{"Table": "sale"}'),
    ("POST", "/Agents/Quote/HasConnections", {}, JSON, b'{"SaleId": 5}'),
]


@pytest.mark.parametrize(
    ("method", "path", "query", "headers", "body"), WRONG, ids=[str(place) for place in range(len(WRONG))]
)
def test_a_wrong_request_would_be_seen(
    method: str, path: str, query: dict[str, str], headers: dict[str, str], body: bytes
) -> None:
    operation = find(method, path)
    assert operation is not None
    assert operation.problems(query, headers, body) != []


def test_a_right_request_is_seen_as_such() -> None:
    listing = find("GET", "/Sale")
    creating = find("POST", "/Document")
    assert listing is not None
    assert creating is not None
    query = {"$select": "saleId", "$orderby": "saleId desc", "$top": "30"}
    assert listing.problems(query, {**PINNED, "SO-AppToken": "x"}, b"") == []
    assert creating.problems({}, {**JSON, "SO-TimeZone": "UTC"}, b'{"Sale": null, "Header": "x"}') == []


def test_operations_are_told_apart_by_verb_and_by_the_kind_of_their_places() -> None:
    assert find("GET", "/Sale/default") == Operation("Sale", "GET", "/Sale/default")
    assert find("GET", "/Sale/120") == Operation("Sale", "GET", "/Sale/{id}")
    assert find("PATCH", "/Sale/120") is None
    assert find("GET", "/Sale/newest") is None
    assert find("GET", "/Invented") is None


def test_an_answer_that_is_not_as_specified_would_be_seen(wire: Wire) -> None:
    body = json.dumps([{"Id": 1, "Label": "Robots"}])
    wire.tenant.faults.answer_status("/List/ProductFamily", 200, body)
    wire.client.product_families()
    assert any("Label" in words for words in wire.problems())


def test_a_request_that_nobody_specified_would_be_seen(wire: Wire) -> None:
    with pytest.raises(errors.NotFound):
        wire.client.ask("GET", "Invented/120")
    assert wire.problems() == ["GET /Invented/{id} is in no specification"]
