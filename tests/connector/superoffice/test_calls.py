"""What is told about a call: everything but the values that were sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.superoffice.calls import operation_of, shape_of

UUID = "0d7a1c1e-3f0a-4c8e-9a55-1f0f5f6a7b8c"


@pytest.mark.parametrize(
    ("path", "operation"),
    [
        ("/Cust12345/api/v1/Person/63", "Person/{id}"),
        ("/Cust12345/api/v1/Sale", "Sale"),
        ("/Cust12345/api/v1/User/currentPrincipal", "User/currentPrincipal"),
        ("/Cust12345/api/v1/User/jonas", "User/{id}"),
        ("/Cust12345/api/v1/List/ProductFamily/Items", "List/ProductFamily/Items"),
        ("/Cust12345/api/v1/List/User/Items", "List/User/Items"),
        ("/Cust12345/api/v1/MDOList/functionrights", "MDOList/functionrights"),
        ("/Cust12345/api/v1/Document/7/Content", "Document/{id}/Content"),
        ("/Cust12345/api/v1/Person/63/Consent", "Person/{id}/Consent"),
        ("/Cust12345/api/v1/Person/63/Consent/EMARKETING", "Person/{id}/Consent/{id}"),
        (
            "/Cust12345/api/v1/ForeignApp/SalesDesk/mailer/a/Key/mail/document",
            "ForeignApp/{id}/{id}/{id}/Key/{id}/{id}",
        ),
        (f"/Cust12345/api/v1/ForeignApp/Desk/{UUID}", "ForeignApp/{id}/{id}"),
        ("/Cust12345/api/v1/CRMScript", "CRMScript"),
        ("/Cust12345/api/v1/CRMScript/mailer/Validate", "CRMScript/{id}/Validate"),
        ("/Cust12345/api/v1/Agents/CRMScript/ExecuteScript", "Agents/CRMScript/ExecuteScript"),
        ("/Cust12345/api/v1/Agents/User/GetUser", "Agents/User/GetUser"),
        ("/Cust12345/api/v1/Archive/FindQuoteLine/$metadata", "Archive/FindQuoteLine/$metadata"),
        ("/Cust12345/api/v1/Person/inga%40erfunden.example", "Person/{id}"),
        (f"/Cust12345/api/v1/Thing/{'a' * 65}", "Thing/{id}"),
        ("/SuperOffice/Remote/api/v1/Sale/default", "Sale/default"),
        ("/Cust12345/api/v1", "/api/v1"),
        ("/Cust12345/api/v1/", "/api/v1"),
        ("/Cust12345/api", "/{tenant}/api"),
        ("/Cust12345/api/", "/{tenant}/api"),
        ("/api/state/Cust12345", "/api/state/{tenant}"),
        ("/api/state/AnotherName", "/api/state/{tenant}"),
        ("/login/common/oauth/tokens", "/login/common/oauth/tokens"),
        ("/login/Cust12345/oauth/tokens", "/login/{tenant}/oauth/tokens"),
        ("/login/.well-known/jwks", "/login/.well-known/jwks"),
        ("/Login/api/PartnerSystemUser/Authenticate", "/Login/api/PartnerSystemUser/Authenticate"),
        ("", ""),
        ("/", "/"),
    ],
)
def test_an_operation_is_the_path_without_values(path: str, operation: str) -> None:
    assert operation_of(path) == operation


@given(st.text(max_size=60))
def test_no_digit_of_a_path_is_told(text: str) -> None:
    shown = operation_of(f"/Cust12345/api/v1/{text}")
    assert not any(character.isdecimal() for character in shown.removeprefix("/api/v1"))


@pytest.mark.parametrize(
    ("filter_", "shape"),
    [
        ("saleId lt 4711", "saleId lt …"),
        ("saleId eq 4711 and ourref is 'msg:1'", "saleId eq … and ourref is …"),
        ("saleStatus oneOf (1,2)", "saleStatus oneOf (…,…)"),
        ("amount gt -1.5e3", "amount gt …"),
        ("updatedDate after 2026-04-01T10:00:00Z", "updatedDate after …"),
        ("date beforeTime '2020-05-28T15:00:00'", "date beforeTime …"),
        (r"name is 'L\'Oréal' and contactId ne 0", "name is … and contactId ne …"),
        ("name is 'It''s Inga'", "name is …"),
        ('name is "Inga"', "name is …"),
        ("name is 'never closed", "name is …"),
        ("contact/contactId gt 0", "contact/contactId gt …"),
        ("saleUdef/SuperOffice:12 set true", "saleUdef/SuperOffice:12 set true"),
        ("startswith(name,'Inga')", "startswith(name,…)"),
        ("", ""),
    ],
)
def test_a_filter_is_told_without_what_it_looks_for(filter_: str, shape: str) -> None:
    assert shape_of({"$filter": filter_}) == f"$filter={shape}"


def test_columns_order_and_size_are_told_and_everything_else_is_not() -> None:
    query = {
        "$select": "saleId,heading",
        "$orderby": "saleId desc",
        "$top": "1000",
        "keyValue": "Inga",
        "includeDeleted": "false",
    }
    assert shape_of(query).splitlines() == [
        "$select=saleId,heading",
        "$orderby=saleId desc",
        "$top=1000",
        "keyValue=…",
        "includeDeleted=…",
    ]


@given(st.text(alphabet="Inga0123456789'\\ \"", max_size=30))
def test_whatever_stands_in_quotes_is_not_told(text: str) -> None:
    quoted = text.replace("\\", "\\\\").replace("'", "\\'")
    assert shape_of({"$filter": f"name is '{quoted}' and saleId gt 7"}) == "$filter=name is … and saleId gt …"


def test_a_very_long_query_is_cut() -> None:
    assert len(shape_of({"$select": "a," * 5000})) == 2000
