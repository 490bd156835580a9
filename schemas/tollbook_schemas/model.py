"""The base of every contract model: strict, frozen, and closed to unknown fields."""

from collections.abc import Iterable
from typing import Final, NoReturn

from pydantic import BaseModel, ConfigDict
from pydantic_core import PydanticCustomError

REFUSAL: Final = "tollbook_refusal"
"""Error type of `refuse`; `faults.py` reads the located messages out of its context."""

Place = tuple[str | int, ...]
Refusal = tuple[Place, str]
"""Where below the model (names and positions), and what is wrong and would be right."""


class Model(BaseModel):
    """A value of the contract.

    Lists become tuples, so that values can be shared; numbers, texts and booleans are never
    converted into each other.
    """

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        serialize_by_alias=True,
        use_attribute_docstrings=True,
    )


def refuse(refusals: Iterable[Refusal]) -> NoReturn:
    """Raise what is wrong with a model as a whole, with a place for each.

    Raises:
        PydanticCustomError: always.
    """
    found = list(refusals)
    context = {"text": "; ".join(text for _, text in found), "refusals": found}
    raise PydanticCustomError(REFUSAL, "{text}", context)
