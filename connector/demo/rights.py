"""What a user may do in the demo tenant, by default and by the switches of `Faults`."""

from enum import IntFlag

from connector.demo.faults import Faults
from connector.demo.lists import JsonObject
from connector.demo.people import Associate
from connector.demo.serving import ApiError


class Right(IntFlag):
    """The bits of a table right."""

    SELECT = 1
    UPDATE = 2
    INSERT = 4
    DELETE = 8


# The names that a mask may have, and how many of the bits above each stands for.
_BITS = {
    "none": 0, "select": 1, "update": 2, "ur": 3, "insert": 4, "ri": 5, "uri": 7, "delete": 8, "udr": 11,
    "full": 15, "filtering": 16, "rf": 17, "fi": 20, "restrictedupdate": 32, "uru": 34, "write": 38,
}  # fmt: skip
_MASKS = {"document": "FULL", "appointment": "URI", "sale": "Select", "contact": "Select", "person": "Select",
          "quoteline": "Select"}  # fmt: skip

# Key -> number and name, as the tenant's list has them. The `hide-…` rights take screens away.
FUNCTION_RIGHTS = {
    "admin-all": (1, "General Administrator"),
    "admin-lists": (2, "List Administrator"),
    "admin-users": (3, "User Administrator"),
    "allow-readonly-override": (8, "Can override read-only fields"),
    "hide-company": (9, "Hide Company screen"),
    "hide-sale": (10, "Hide Sale screen"),
    "hide-project": (11, "Hide Project screen"),
    "hide-inbox": (12, "Hide Inbox screen"),
    "hide-selection": (13, "Hide Selection screen"),
    "hide-reporter": (14, "Hide Reports screen"),
    "allow-bulk-mailmerge": (15, "Can run Mail Merge"),
    "allow-bulk-export": (16, "Can export data to file"),
    "allow-bulk-edit": (19, "Allow bulk update"),
    "allow-bulk-email": (22, "Can send e-mail to selection members"),
}
_EVERYBODY = ["allow-bulk-edit", "allow-bulk-email"]
DEFAULT_LICENCES = ["user-plan"]
LICENCE_TEXTS = {
    "user-plan": "Sales Premium",
    "marketing": "Marketing",
    "development-tools": "Development Tools",
}


class Rights:
    """Answers for one user at a time; the system user lacks nothing that data or functional rights could take."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    def mask(self, user: Associate, table: str) -> str:
        """The mask for new rows of a table, as one of the names above or several joined by commas."""
        if user.is_system:
            return "FULL"
        return self._named(table) or _MASKS.get(table.lower(), "None")

    def may(self, user: Associate, table: str, right: Right) -> bool:
        """Whether the user may do this to a table's rows. Only tables that `Faults.table_rights` names are guarded:
        what the usual masks say about new rows is no answer for one's own.
        """
        mask = "" if user.is_system else self._named(table)
        return not mask or bool(bits(mask) & right)

    def demand(self, user: Associate, table: str, right: Right) -> None:
        """403 unless the user may."""
        if not self.may(user, table, right):
            name = (right.name or "").capitalize()
            raise ApiError(
                403, "SoSecurityException", f"{name} access to table {table} is denied by the user's role"
            )

    def function_rights(self, user: Associate) -> list[str]:
        """The keys of the user's functional rights."""
        if user.is_system:
            return [key for key in FUNCTION_RIGHTS if not key.startswith("hide-")]
        if self._faults.function_rights is not None:
            return list(self._faults.function_rights)
        return ["admin-all", "admin-users", *_EVERYBODY] if user.is_administrator else list(_EVERYBODY)

    def licences(self) -> list[str]:
        """The names of the licensed modules."""
        names = self._faults.licences
        return list(DEFAULT_LICENCES if names is None else names)

    def demand_licence(self, word: str) -> None:
        """403 unless a licensed module has this word in its name."""
        if not any(word in name.lower() for name in self.licences()):
            raise no_licence(word.capitalize())

    def _named(self, table: str) -> str:
        return {key.lower(): mask for key, mask in self._faults.table_rights.items()}.get(table.lower(), "")


def bits(mask: str) -> int:
    """The bits of a mask such as "URI" or "Select, Insert"."""
    total = 0
    for name in mask.split(","):
        total |= _BITS.get(name.strip().lower(), 0)
    return total


def no_licence(module: str) -> ApiError:
    return ApiError(403, "SoLicenseException", f"The license for module {module} is missing")


def granted_licences(names: list[str]) -> list[JsonObject]:
    """The GrantedModuleLicense carriers of a principal."""
    return [
        {
            "OwnerId": 1, "OwnerName": "SUPEROFFICE", "OwnerDescription": "SuperOffice", "ModuleId": number,
            "Name": name, "Description": LICENCE_TEXTS.get(name, name), "Version": "11",
            "LicenseType": "UserLicense", "ExtraFlags": 0, "ExtraInfo": "", "SortOrder": number,
            "LicenseNumber": 5, "IsHidden": False, "IsUnrestricted": False,
            "ExpiryDate": "9999-12-31T23:59:59", "TableRight": None, "FieldProperties": {},
        }
        for number, name in enumerate(names, 1)
    ]  # fmt: skip
