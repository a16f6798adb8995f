"""Which family a product belongs to: its keyword says so, else the line of the quote, else the tenant's catalogue."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from connector.models import Connection
from reports.matching import Matcher, Result
from reports.models import Product, ProductFamily


@dataclass(frozen=True, eq=False)
class Families:
    """`by_key`: names by the keys that quote lines have for them; `by_product`: by the products of one list."""

    by_key: Mapping[str, str] = field(default_factory=dict)
    by_product: Mapping[str, str] = field(default_factory=dict)

    def of(self, product: str, family: str, *, key: str = "") -> str:
        """The family of a product: `family` is what its keyword says, `key` what the quote line says."""
        return family or self.by_key.get(key, "") or self.by_product.get(product, "")


NO_FAMILIES = Families()


@dataclass(frozen=True)
class Catalogue:
    """The tenant's families by key, and its products: (text that keywords are searched in, name of the family)."""

    families: tuple[tuple[str, str], ...] = ()
    products: tuple[tuple[str, str], ...] = ()

    @property
    def texts(self) -> list[str]:
        return [text for text, _family in self.products]

    def read_by(self, matcher: Matcher) -> Families:
        """The families as this list knows the products. Worked out once a process for the same catalogue."""
        return _read(self, matcher)

    def with_results(self, results: Iterable[Result]) -> Families:
        """The same for who has asked the matcher already: `results` are those of `texts`, in their order.

        A product of the catalogue speaks for a product of the list when it is the only one that is read in it.
        Where several speak and do not agree, nothing is said.
        """
        found: defaultdict[str, set[str]] = defaultdict(set)
        for (_text, family), result in zip(self.products, results, strict=True):
            if len(result.matches) == 1:
                found[result.matches[0].product].add(family)
        named = {product: next(iter(names)) for product, names in found.items() if len(names) == 1}
        return Families(dict(self.families), named)


@lru_cache(maxsize=8)
def _read(catalogue: Catalogue, matcher: Matcher) -> Families:
    return catalogue.with_results(matcher.match_many(catalogue.texts))


def catalogue_of(connection: Connection | None) -> Catalogue:
    """The catalogue in the local copy of this tenant: two queries."""
    names = ProductFamily.objects.filter(connection=connection).order_by("family_id")
    products = Product.objects.filter(connection=connection).exclude(family_name="").order_by("product_id")
    return Catalogue(
        tuple((str(key), _clean(name)) for key, name in names.values_list("family_id", "name")),
        tuple(
            (f"{code} {name}".strip(), _clean(family))
            for code, name, family in products.values_list("code", "name", "family_name")
        ),
    )


def _clean(name: str) -> str:
    """Neither a product nor a family has a semicolon in its name: rows join them by it."""
    return name.replace(";", ",").strip()
