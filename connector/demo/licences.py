"""What is licensed, as the licence operations show it."""

from connector.demo.columns import stamp
from connector.demo.lists import NO_RIGHTS, JsonObject
from connector.demo.people import OWN_NAME
from connector.demo.registration import SERIAL
from connector.demo.rights import LICENCE_TEXTS

_SEATS, _USED = 10, 5
_NEVER = "9999-12-31T23:59:59"


def licence_info(names: list[str]) -> JsonObject:
    """ExtendedLicenseInfo of the one owner there is."""
    modules = [_module(name, rank) for rank, name in enumerate(names, 1)]
    current = {
        "CompanyName": OWN_NAME, "SerialNr": SERIAL, "OwnerName": "SUPEROFFICE",
        "OwnerDescription": "SuperOffice", "NextCheckDate": _NEVER, "MaintenanceDate": _NEVER,
        "AdminWarningDate": _NEVER, "ExpiryDate": _NEVER, "GraceDate": _NEVER, "ExtraFlags": 0, "ExtraInfo": "",
        "LicenseUrl": "", "LicenseVersion": "11", "DeploymentType": 0, "ProductType": "", "ProductDescription": "",
        "ModuleLicenses": modules, "PublicKey": None, "Signature": "",
    }  # fmt: skip
    return {
        "Reason": "", "CanBeActivated": False, "New": None, "Current": current,
        "ExtendedModuleLicenses": [_use(module) for module in modules], "AccumulatedNextCheckDate": stamp(None),
    }  # fmt: skip


def owners_of(names: list[str]) -> list[JsonObject]:
    """LicenseOwner carriers with the modules of a user."""
    links = [
        {
            "Unrestricted": False, "Total": _SEATS, "Tooltip": "", "CanAssign": True, "Free": _SEATS - _USED,
            "InUse": _USED, "IsHidden": False, "Assigned": True, "ModuleLicenseId": number, "Name": name,
            "Description": LICENCE_TEXTS.get(name, name), "PrerequisiteModuleName": "", "SortOrder": number,
            "ExtraFlags": 0,
        } | NO_RIGHTS
        for number, name in enumerate(names, 1)
    ]  # fmt: skip
    return [
        {
            "Name": "SUPEROFFICE", "Description": "SuperOffice", "RestrictedModuleLicenses": links,
            "UnrestrictedModuleLicenses": [],
        } | NO_RIGHTS
    ]  # fmt: skip


def _module(name: str, rank: int) -> JsonObject:
    return {
        "OwnerName": "SUPEROFFICE", "ModuleName": name, "ModuleDescription": LICENCE_TEXTS.get(name, name),
        "ModuleTooltip": "", "ModuleVersion": "11", "LicenseType": "UserLicense", "Unrestricted": False,
        "AllowedUserType": "InternalAssociate", "NumberOfLicenses": _SEATS, "ExtraFlags": 0, "ExtraInfo": "",
        "SortOrder": rank, "IsHidden": False, "PrerequisiteModuleName": "", "Signature": "",
    }  # fmt: skip


def _use(module: JsonObject) -> JsonObject:
    return {
        "New": None, "Current": module, "NumberOfLicensesInUse": _USED, "NumberOfLicensesFree": _SEATS - _USED,
        "NumberOfLicensesAdded": 0, "NumberOfLicensesNewTotal": 0, "NumberOfLicensesNewFree": 0,
        "NumberOfLicensesTotal": _SEATS,
    }  # fmt: skip
