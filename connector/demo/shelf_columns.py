"""Archive columns of what the tenant has beside sales: products, scripts, mailings, foreign keys."""

from datetime import datetime

from connector.demo import lists
from connector.demo.columns import Column, listed, login
from connector.demo.goods import PRICE_LIST_ID, QUOTE_CONNECTION_ID
from connector.demo.lists import Wording
from connector.demo.people import API_USER_ID

ALL_ROWS = Column("getAllRows", "bool", lambda record: False, lambda record: True, sortable=False)
_FAMILIES = {key: Wording(name, name, name) for key, name, _deleted in lists.PRODUCT_FAMILIES}
_MAILING_STATES = {
    1: Wording("[SR_MAILING_DRAFT]", "Draft", "Entwurf"),
    2: Wording("[SR_MAILING_SENT]", "Sent", "Gesendet"),
}
_CURRENCIES = {key: Wording(code, code, code) for key, (code, _rate) in lists.CURRENCIES.items()}


def _kept(since: datetime) -> list[Column]:
    """Who keeps a record, and since when."""

    def by(record: object) -> int:
        return API_USER_ID

    return [
        login("updatedBy", by),
        Column("updatedDate", "date", lambda record: since),
        login("registeredBy", by),
        Column("registeredDate", "date", lambda record: since),
        ALL_ROWS,
    ]


def product_columns(since: datetime) -> list[Column]:
    """The columns of Product."""
    return [
        Column("productId", "int", lambda item: item.product_id),
        Column("priceListId", "int", lambda item: PRICE_LIST_ID),
        Column("inAssortment", "bool", lambda item: True),
        Column("erpProductKey", "string", lambda item: str(item.product_id)),
        Column("name", "string", lambda item: item.name),
        Column("description", "string", lambda item: ""),
        Column("code", "string", lambda item: item.code),
        Column("quantityUnit", "", lambda item: "Stk"),
        Column("priceUnit", "", lambda item: "Stk"),
        Column("isSubscription", "bool", lambda item: item.is_subscription),
        Column("productCategoryKey", "listAny", lambda item: "", lambda item: 0),
        listed("productFamilyKey", _FAMILIES, lambda item: item.family_id),
        Column("productTypeKey", "listAny", lambda item: "", lambda item: 0),
        Column("vat", "decimal", lambda item: 19.0),
        Column("cost", "decimal", lambda item: item.unit_cost),
        Column("minimumPrice", "decimal", lambda item: item.unit_cost),
        Column("listPrice", "decimal", lambda item: item.list_price),
        *_kept(since),
    ]


def price_list_columns(since: datetime) -> list[Column]:
    """The columns of PriceList."""
    return [
        Column("priceListId", "int", lambda item: item.key),
        Column("erpPriceListKey", "string", lambda item: str(item.key)),
        Column("name", "string", lambda item: item.name),
        Column("description", "string", lambda item: ""),
        Column("quoteConnection", "listAny", lambda item: "", lambda item: QUOTE_CONNECTION_ID),
        listed("currency", _CURRENCIES, lambda item: 1),
        Column("validFrom", "date", lambda item: since),
        Column("validTo", "date", lambda item: None),
        Column("isERPCopy", "bool", lambda item: False),
        Column("isActive", "bool", lambda item: True),
        *_kept(since),
    ]


def quote_connection_columns(since: datetime) -> list[Column]:
    """The columns of QuoteConnection."""
    return [
        Column("quoteConnectionId", "int", lambda item: item.key),
        Column("deleted", "bool", lambda item: False),
        Column("allAccess", "bool", lambda item: True),
        Column("displayName", "string", lambda item: item.name),
        Column("displayDescription", "string", lambda item: ""),
        Column("connectorName", "string", lambda item: item.text),
        *_kept(since),
    ]


def script_columns(since: datetime) -> list[Column]:
    """The columns of Ejscripts."""
    return [
        Column("ejscriptId", "int", lambda item: item.key),
        Column("name", "string", lambda item: item.name),
        Column("description", "string", lambda item: item.text),
        Column("uniqueIdentifier", "string", lambda item: f"demo-script-{item.key}"),
        Column("includeId", "string", lambda item: f"demo{item.key}"),
        Column("path", "string", lambda item: ""),
        Column("type", "int", lambda item: 0),
        Column("htmlOutput", "bool", lambda item: False),
        *_kept(since),
    ]


def mailing_columns(since: datetime) -> list[Column]:
    """The columns of Mailings."""
    return [
        Column("mailingId", "int", lambda item: item.key),
        Column("mailingDescription", "string", lambda item: item.name),
        listed("mailingSimpleStatus", _MAILING_STATES, lambda item: item.key),
        listed("mailingSent", _MAILING_STATES, lambda item: item.key),
        Column("mailingEndDate", "date", lambda item: since if item.key == 2 else None),
        login("mailingOwner", lambda item: API_USER_ID),
        Column("mailingFrom", "string", lambda item: item.text),
        Column("mailingSentCount", "int", lambda item: 12 * (item.key == 2)),
        Column("mailingDeleted", "bool", lambda item: False, sortable=False),
        *_kept(since),
    ]


def foreign_key_columns() -> list[Column]:
    """The columns of ForeignKeys."""
    return [
        Column("appId", "int", lambda item: item.app_id),
        Column("appName", "string", lambda item: item.app_name),
        Column("deviceId", "int", lambda item: item.device_id),
        Column("deviceName", "string", lambda item: item.device_name),
        Column("deviceIdentifier", "string", lambda item: item.device_identifier),
        Column("keyId", "int", lambda item: item.key_id),
        Column("keyName", "string", lambda item: item.name),
        Column("keyValue", "string", lambda item: item.value),
        Column("tableId", "int", lambda item: item.table_id),
        Column("recordId", "int", lambda item: item.record_id),
        login("keyUpdatedBy", lambda item: item.user_id),
        Column("keyUpdatedDate", "date", lambda item: item.updated_at, sortable=False),
        login("keyRegisteredBy", lambda item: item.user_id),
        Column("keyRegisteredDate", "date", lambda item: item.created_at, sortable=False),
        ALL_ROWS,
    ]
