"""Documents that later pages are cut from, by the position of the first page."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Any, Final

Document = dict[str, Any]

KEPT: Final = 8
"""Documents that are kept: of a large crisis some tens of MB each."""


class Recent:
    """The documents asked for last; one that is not there any more is worked out again."""

    def __init__(self) -> None:
        """Begin without any."""
        self._kept: OrderedDict[Hashable, Document] = OrderedDict()

    def get(self, key: Hashable) -> Document | None:
        """The document of a key."""
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
        return found

    def put(self, key: Hashable, document: Document) -> None:
        """Keep a document."""
        self._kept[key] = document
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
