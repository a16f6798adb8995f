"""The list operations: lists with their administration, lists to choose from, and the time zone."""

from collections.abc import Callable, Iterable

from connector.demo import lists, people
from connector.demo.consents import PURPOSES
from connector.demo.lists import JsonObject, Language
from connector.demo.rights import FUNCTION_RIGHTS
from connector.demo.routing import Route, reading
from connector.demo.serving import ApiError, Request

Choices = Callable[[Language], list[JsonObject]]
SHIPMENT_TYPES = {1: "Invitations", 2: "News", 3: "Promotions"}


def _families(language: Language) -> list[JsonObject]:
    return lists.product_family_choices()


def _tasks(language: Language) -> list[JsonObject]:
    return [lists.choice(key, name, key) for key, name, _kind, _way, deleted in lists.TASKS if not deleted]


def _templates(language: Language) -> list[JsonObject]:
    return [
        lists.choice(item.template_id, item.name, item.rank)
        for item in lists.TEMPLATES.values()
        if not item.deleted
    ]


def _stages(language: Language) -> list[JsonObject]:
    return [lists.choice(key, item.spoken(language), key) for key, (item, _percent) in lists.STAGES.items()]


def _sale_types(language: Language) -> list[JsonObject]:
    return [lists.choice(key, item.spoken(language), key) for key, item in lists.SALE_TYPES.items()]


def _currencies(language: Language) -> list[JsonObject]:
    return [lists.choice(key, code, key) for key, (code, _rate) in lists.CURRENCIES.items()]


def _associates(language: Language) -> list[JsonObject]:
    return [lists.choice(key, user.full_name, key) for key, user in people.ASSOCIATES.items()]


def _function_rights(language: Language) -> list[JsonObject]:
    return [
        lists.choice(number, name, number) | {"ExtraInfo": key}
        for key, (number, name) in FUNCTION_RIGHTS.items()
    ]


def _shipment_types(language: Language) -> list[JsonObject]:
    return [lists.choice(key, name, key) for key, name in SHIPMENT_TYPES.items()]


def _purposes(language: Language) -> list[JsonObject]:
    return [
        lists.choice(key, name.spoken(language), key) | {"ExtraInfo": code}
        for key, (code, name) in PURPOSES.items()
    ]


_CHOICES: dict[str, Choices] = {
    "productfamily": _families, "task": _tasks, "doctmpl": _templates, "prob": _stages, "saletype": _sale_types,
    "currency": _currencies, "associate": _associates, "functionrights": _function_rights,
    "shipmenttype": _shipment_types, "consentpurpose": _purposes,
}  # fmt: skip


def routes() -> Iterable[Route]:
    """All of them read only: what would change a list is not offered."""
    yield reading("/List/ProductFamily/Items", lambda request: lists.product_families(_deleted_too(request)))
    yield reading(
        "/List/DocumentTemplate/Items", lambda request: lists.document_templates(_deleted_too(request))
    )
    yield reading("/List/Task/Items", lambda request: lists.tasks(_deleted_too(request)))
    yield reading("/List/Currency/Items", lambda request: lists.currencies())
    yield reading("/List/Rating/Items", lambda request: lists.stages(request.language))
    yield reading("/List/SaleType/Items", lambda request: lists.sale_types(request.language))
    yield reading("/List/ProductFamily/MDOItems", lambda request: _families(request.language))
    yield reading("/MDOList/{listname}", _choices)
    yield reading("/TimeZone/base", lambda request: lists.base_time_zone())
    yield reading("/TimeZone/current", lambda request: lists.base_time_zone())


def _choices(request: Request) -> list[JsonObject]:
    name = request.values[0]
    if name.lower() not in _CHOICES:
        raise ApiError(404, "SoNotFoundException", f"MDO list '{name}' not found")
    return _CHOICES[name.lower()](request.language)


def _deleted_too(request: Request) -> bool:
    return request.option("includeDeleted").lower() == "true"
