"""Who we are and what we may, in SuperOffice's words: short enough to be kept, and without secrets."""

import json

import pytest

from connector.superoffice.rights import BULK_MAIL_RIGHT, HIDE_SALE, Principal, TableRight

pytestmark = pytest.mark.once

TOKEN = "8A:Cust12345.CANARYTOKEN"
LONG = f"{TOKEN} \x1b[2J" + "name " * 100_000


def every_text(found: Principal) -> list[str]:
    return [
        found.login,
        found.name,
        found.kind,
        found.role,
        found.role_type,
        *found.function_rights,
        *found.licences,
    ]


def test_no_text_about_the_user_is_long_or_tells_a_token() -> None:
    found = Principal.from_entity(
        {
            **dict.fromkeys(("Associate", "FullName", "UserType", "RoleName", "RoleType"), LONG),
            "AssociateId": 5,
            "FunctionRights": [LONG],
            "Licenses": [{"Name": LONG, "Description": ""}],
        }
    )
    assert all(0 < len(text) <= 200 for text in every_text(found))
    assert "CANARY" not in str(found)
    assert "\x1b" not in json.dumps(found.facts, ensure_ascii=False)


def test_of_endless_lists_a_hundred_entries_stay_and_those_that_decide_are_among_them() -> None:
    rights = [*(f"a-right-{number:06}" for number in range(50_000)), HIDE_SALE, BULK_MAIL_RIGHT]
    licences = [{"Name": f"licence {number}"} for number in range(50_000)]
    found = Principal.from_entity(
        {"FunctionRights": rights, "Licenses": [*licences, {"Name": "Marketing Automation"}]}
    )
    assert len(found.function_rights) == len(found.licences) == 100
    assert {HIDE_SALE, BULK_MAIL_RIGHT} < set(found.function_rights)
    assert list(found.function_rights) == sorted(found.function_rights)
    assert found.may_market


def test_a_short_list_stays_whole() -> None:
    found = Principal.from_entity({"FunctionRights": ["b", "a", "b"], "Licenses": [{"Name": "Sales"}]})
    assert (found.function_rights, found.licences) == (("a", "b"), ("Sales",))


def test_the_reason_of_a_right_is_short_and_tells_no_token() -> None:
    found = TableRight.from_answer("sale", {"Mask": f"Select {LONG}", "Reason": LONG})
    assert len(found.reason) <= 200
    assert len(found.mask) <= 200
    assert "CANARY" not in str(found)
