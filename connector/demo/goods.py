"""What the invented company sells, as its price list in the tenant has it."""

from dataclasses import dataclass

from connector.demo.headings import WARES

FIRST_PRODUCT_ID = 11
PRICE_LIST_ID = 1
QUOTE_CONNECTION_ID = 1
# The family of each ware by its place in the headings' list, see lists.PRODUCT_FAMILIES.
_FAMILIES = (1, 1, 1, 1, 2, 3, 4, 4, 4, 5, 5, 5, 5, 6)


@dataclass(frozen=True, slots=True)
class Product:
    """A product of the built-in price list; `ware` is its place among the wares of the headings."""

    product_id: int
    ware: int
    name: str
    code: str
    family_id: int
    list_price: float

    @property
    def is_subscription(self) -> bool:
        return self.family_id == 6

    @property
    def unit_cost(self) -> float:
        return round(self.list_price * 0.7, 2)


def _code(name: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in name.upper())


PRODUCTS = {
    FIRST_PRODUCT_ID + place: Product(
        FIRST_PRODUCT_ID + place, place, ware.de[0], _code(ware.de[0]), _FAMILIES[place], float(ware.price)
    )
    for place, ware in enumerate(WARES)
}
BY_WARE = {product.ware: product for product in PRODUCTS.values()}
