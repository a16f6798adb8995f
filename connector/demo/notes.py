"""What people type beside the heading: a user-defined product note, the floor space, the description.

Now and then the product stands there and nowhere else, because the heading says nothing that can be read.
"""

import random
from typing import NamedTuple

from connector.demo.goods import BY_WARE
from connector.demo.headings import Goods
from connector.demo.quotes import goods_of_unnamed

_SEED = 20_180_000_000


class Note(NamedTuple):
    """Empty texts and 0 where nobody wrote anything."""

    product: str = ""
    floor_space: int = 0
    description: str = ""


def invent_note(sale_id: int, goods: Goods) -> Note:
    """The same for the same number. Each sale has a dice of its own, so that the notes change nothing else.

    `goods` is what the heading names; without any, the notes agree with the quote.
    """
    if goods and sale_id % 5:
        return Note()
    rng = random.Random(_SEED + sale_id)  # noqa: S311 - a seeded story, not a secret
    floor_space = rng.randrange(4, 120) * 50
    if goods:
        return Note(floor_space=floor_space)
    ((ware, quantity),) = goods_of_unnamed(sale_id)
    name = BY_WARE[ware].name
    dice = rng.random()
    if dice < 0.4:
        return Note(f"{quantity}x {name}", floor_space)
    if dice < 0.6:
        return Note(
            "", floor_space, f"Kunde fragt nach {quantity} x {name}.\nErfundene Notiz zu diesem Verkauf."
        )
    return Note()
