"""The quote agent, as far as it reads, and what a sale knows of its quote."""

from collections.abc import Iterable

from connector.demo.bodies import bad, json_object
from connector.demo.columns import stamp
from connector.demo.lists import NO_RIGHTS, JsonObject
from connector.demo.quotes import Quote, QuoteAlternative, QuoteLine, QuoteVersion
from connector.demo.routing import Route, agent
from connector.demo.serving import Request
from connector.demo.story import Story

_EXTRA_FIELDS = {f"ExtraField{number}": "" for number in range(1, 6)}


class QuoteOperations:
    """Quotes by the id of their sale, their parts by the id of what they belong to; null where there is nothing."""

    def __init__(self, story: Story) -> None:
        self.story = story

    def routes(self) -> Iterable[Route]:
        yield agent("Quote/HasConnections", lambda request: _FINE)
        yield agent("Quote/GetQuoteFromSaleId", self._quote)
        yield agent("Quote/GetQuoteEntityFromSaleId", self._entity)
        yield agent("Quote/GetQuoteVersions", self._versions)
        yield agent("Quote/GetQuoteAlternatives", self._alternatives)
        yield agent("Quote/GetQuoteLines", self._lines)
        yield agent("Sale/SaleHasQuote", lambda request: self._of_sale(request) is not None)

    def _of_sale(self, request: Request) -> Quote | None:
        sale = self.story.sales.get(_number(request, "SaleId"))
        return self.story.quotes.by_sale.get(sale.sale_id) if sale else None

    def _quote(self, request: Request) -> JsonObject | None:
        quote = self._of_sale(request)
        if quote is None:
            return None
        return _head(quote) | {
            "ActiveQuoteVersion": _version(quote.active_version, quote.active_version.alternatives),
            "FavoriteQuoteAlternative": _alternative(quote.favourite),
        }

    def _entity(self, request: Request) -> JsonObject | None:
        quote = self._of_sale(request)
        if quote is None:
            return None
        return _head(quote) | {
            "QuoteVersions": [_version(version, version.alternatives) for version in quote.versions]
        }

    def _versions(self, request: Request) -> list[JsonObject]:
        quote = self.story.quotes.by_id.get(_number(request, "QuoteId"))
        return [_version(version, version.alternatives) for version in quote.versions] if quote else []

    def _alternatives(self, request: Request) -> list[JsonObject]:
        version = self.story.quotes.versions.get(_number(request, "QuoteVersionId"))
        return [_alternative(item) for item in version.alternatives] if version else []

    def _lines(self, request: Request) -> list[JsonObject]:
        found = self.story.quotes.alternatives.get(_number(request, "QuoteAlternativeId"))
        return [_line(line) for line in found.lines] if found else []


_FINE: JsonObject = {
    "IsOk": True, "UserExplanation": "", "TechExplanation": "", "ErrorCode": "",
    "Changes": {"AddedRecords": [], "UpdatedRecords": [], "DeletedRecords": []} | NO_RIGHTS, "Status": "Ok",
} | NO_RIGHTS  # fmt: skip


def _number(request: Request, name: str) -> int:
    value = json_object(request).get(name)
    if isinstance(value, bool) or not isinstance(value, int):
        raise bad(f"{name} must be a number")
    return value


def _head(quote: Quote) -> JsonObject:
    return {
        "QuoteId": quote.quote_id, "SaleId": quote.sale_id, "QuoteConnectionId": quote.connection_id,
        "ERPQuoteKey": "", "ERPOrderKey": "", "ActiveQuoteVersionId": quote.active_version.version_id,
        "AcceptedQuoteAlternativeId": quote.accepted_alternative_id,
        "UseValuesFromQuote": int(quote.uses_values), "DocumentId": 0, "PoNumber": "", "OrderComment": "",
        "PreferredEmailCulture": "de",
    } | NO_RIGHTS  # fmt: skip


def _version(version: QuoteVersion, alternatives: Iterable[QuoteAlternative]) -> JsonObject:
    user, registered = version.registered_by, stamp(version.registered_at)
    return {
        "QuoteVersionId": version.version_id, "ERPQuoteVersionKey": "", "QuoteId": version.quote_id,
        "Description": "", "Number": version.number, "State": version.state,
        "ArchivedState": version.archived_state, "Status": "Ok", "Reason": "",
        "LikelyQuoteAlternativeId": version.likely_alternative_id, "SentDate": stamp(version.sent_at),
        "FollowupId": 0, "ExpirationDate": stamp(version.expires_on), "DeliveryCountryId": 0,
        "HasOwnDeliveryAddress": False, "InvoiceCountryId": 0, "HasOwnInvoiceAddress": False,
        "ERPPaymentTermsKey": "", "ERPPaymentTypeKey": "", "ERPDeliveryTermsKey": "", "ERPDeliveryTypeKey": "",
        "Rank": version.rank, "ApprovedBy": 0, "ApprovedText": "", "ApprovedRegisteredBy": 0,
        "ApprovedRegisteredDate": stamp(None), **_EXTRA_FIELDS, "LastRecalculated": registered,
        "Updated": registered, "UpdatedAssociateId": user, "Registered": registered,
        "RegisteredAssociateId": user, "RequestAssociateId": 0, "RequestComment": "",
        "QuoteAlternatives": [_alternative(item) for item in alternatives],
    } | NO_RIGHTS  # fmt: skip


def _alternative(item: QuoteAlternative) -> JsonObject:
    return {
        "QuoteAlternativeId": item.alternative_id, "ERPQuoteAlternativeKey": "",
        "QuoteVersionId": item.version_id, "Name": item.name, "Description": "", "Status": "Ok", "Reason": "",
        "ERPDiscountPercent": 0.0, "ERPDiscountAmount": 0.0, "DiscountPercent": item.discount_percent,
        "DiscountAmount": item.discount_amount, "UserValueOverride": "None", "VATInfo": "", "VAT": 19.0,
        "EarningPercent": _percent(item.earning_amount, item.total_price),
        "EarningAmount": item.earning_amount, "SubTotal": item.sub_total, "TotalPrice": item.total_price,
        **_EXTRA_FIELDS,
    } | NO_RIGHTS  # fmt: skip


def _line(line: QuoteLine) -> JsonObject:
    product = line.product
    return {
        "QuoteLineId": line.line_id, "ERPQuoteLineKey": "", "QuoteAlternativeId": line.alternative_id,
        "ERPProductKey": str(product.product_id), "Status": "Ok", "Reason": "", "Quantity": line.quantity,
        "DeliveredQuantity": 0.0, "Rank": line.rank, "Name": product.name, "Description": "",
        "Code": product.code, "QuantityUnit": "Stk", "PriceUnit": "Stk", "ItemNumber": "", "Url": "",
        "ProductCategoryKey": "", "ProductFamilyKey": str(product.family_id), "ProductTypeKey": "",
        "Supplier": "", "SupplierCode": "", "Thumbnail": "", "VATInfo": "", "VAT": 19.0,
        "UnitCost": line.unit_cost, "UnitMinimumPrice": line.unit_cost, "UnitListPrice": line.unit_price,
        "ExtraInfo": [], "RawExtraInfo": "", "IsSubscription": product.is_subscription,
        "SubscriptionUnit": "month" if product.is_subscription else "",
        "SubscriptionQuantity": 36.0 if product.is_subscription else 0.0, "SubscriptionStart": stamp(None),
        "ERPDiscountPercent": 0.0, "ERPDiscountAmount": 0.0, "DiscountPercent": line.discount_percent,
        "DiscountAmount": line.discount_amount, "UserValueOverride": "None",
        "EarningPercent": _percent(line.earning_amount, line.total_price),
        "EarningAmount": line.earning_amount, "SubTotal": line.sub_total, "TotalPrice": line.total_price,
        "Rights": "", "Rule": "", **_EXTRA_FIELDS,
    } | NO_RIGHTS  # fmt: skip


def _percent(part: float, whole: float) -> float:
    return round(100 * part / whole, 2) if whole else 0.0
