"""Who the caller is, what they may do, and what is licensed."""

from collections.abc import Iterable

from connector.demo import people
from connector.demo.bodies import bad, json_body, json_object, text_in
from connector.demo.entities import associate, user_type
from connector.demo.faults import Faults
from connector.demo.licences import licence_info, owners_of
from connector.demo.lists import JsonObject
from connector.demo.people import Associate
from connector.demo.registration import CONTEXT_IDENTIFIER
from connector.demo.rights import Rights, granted_licences
from connector.demo.routing import Route, agent, reading
from connector.demo.serving import ApiError, Request


class UserOperations:
    """The principal, associates, the Sentry agent, licences, and links into the web client."""

    def __init__(self, faults: Faults) -> None:
        self.rights = Rights(faults)

    def routes(self) -> Iterable[Route]:
        yield reading("/User/currentPrincipal", self._principal)
        yield reading("/User/currentAssociate", lambda request: associate(request.user))
        yield agent("Associate/GetAssociate", _associate)
        yield agent("Associate/GetAssociateList", _associates)
        yield agent("Sentry/GetNewTableRight", self._table_right)
        yield agent("Sentry/GetFunctionRights", lambda request: self.rights.function_rights(request.user))
        yield agent("Sentry/HasFunctionRight", self._has_function_right)
        yield agent("Sentry/CanCreateAppointmentInAssociateDiaries", _may_use_diaries)
        yield agent("Configuration/GetCRMUrl", _crm_url)
        yield reading("/License", lambda request: [licence_info(self.rights.licences())])
        yield reading("/License/{ownerName}", self._licence_of_owner)
        yield reading("/License/User/{associateId}", lambda request: owners_of(self.rights.licences()))

    def _principal(self, request: Request) -> JsonObject:
        """SoPrincipalCarrier of the user behind the credential."""
        user = request.user
        role_id, role = _role(user)
        return {
            "UserType": user_type(user), "Associate": user.name, "AssociateId": user.associate_id,
            "IsPerson": not user.is_system, "PersonId": user.person_id, "CountryId": 276, "HomeCountryId": 276,
            "ContactId": 0 if user.is_system else people.OWN_COMPANY_ID,
            "GroupId": user.group_id, "BusinessId": 0, "CategoryId": 0, "ContactOwner": 0, "RoleId": role_id,
            "RoleName": role, "RoleDescription": "", "RoleType": "System" if user.is_system else "Employee",
            "Licenses": granted_licences(self.rights.licences()), "FullName": user.full_name,
            "EMailAddress": user.email, "FunctionRights": self.rights.function_rights(user), "EjUserId": 0,
            "EjAccessLevel": 0, "EjUserStatus": "StatusNone", "ProvidedCredentials": [], "SecondaryGroups": [],
            "DatabaseContextIdentifier": CONTEXT_IDENTIFIER if CONTEXT_IDENTIFIER in request.root else "Default",
            "UserName": user.email,
        }  # fmt: skip

    def _table_right(self, request: Request) -> JsonObject:
        table = text_in(json_object(request), "TableName")
        return {"Mask": self.rights.mask(request.user, table), "Reason": ""}

    def _has_function_right(self, request: Request) -> bool:
        return json_object(request).get("FunctionRight") in self.rights.function_rights(request.user)

    def _licence_of_owner(self, request: Request) -> JsonObject:
        if request.values[0].lower() != "superoffice":
            raise ApiError(404, "SoNotFoundException", f"License owner '{request.values[0]}' not found")
        return licence_info(self.rights.licences())


def _role(user: Associate) -> tuple[int, str]:
    if user.is_system:
        return 4, "System"
    return (1, "Administrator") if user.is_administrator else (2, "User level 1")


def _associate(request: Request) -> JsonObject | None:
    wanted = request.option("associateId")
    user = people.USERS.get(int(wanted)) if wanted.isascii() and wanted.isdigit() else None
    return associate(user) if user else None


def _associates(request: Request) -> list[JsonObject]:
    wanted = json_body(request)
    if not isinstance(wanted, list):
        raise bad("A list of ids is expected")
    return [associate(people.USERS[key]) for key in wanted if key in people.USERS]


def _may_use_diaries(request: Request) -> bool:
    # Also when none of the ids owns a diary: that is how the real one answers.
    if not isinstance(json_object(request).get("AssociateIds"), list):
        raise bad("AssociateIds must be a list")
    return True


def _crm_url(request: Request) -> str:
    return f"{request.root}/default.aspx?{json_object(request).get('SoProtocol') or ''}"
