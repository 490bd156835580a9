"""A trail: numbered steps of arithmetic, each made of figures as printed and of earlier steps."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, assert_never

Bound = Literal["low", "best", "high"]
BOUNDS: tuple[Bound, ...] = ("low", "best", "high")

Operation = Literal["take", "add", "less", "most", "least", "none"]
"""What a step does with its terms, see `worked_out`."""


@dataclass(frozen=True, slots=True)
class Term:
    """One number that goes into a step.

    Attributes:
        says: what it is, in words.
        value: the number; None is no point value of a best, and open of a high.
        step: the number of the step it comes from, None where figures state it themselves.
        figures: the figures that state it.
    """

    says: str
    value: int | None
    step: int | None = None
    figures: tuple[str, ...] = ()


class Told(NamedTuple):
    """The three bounds of something as results of steps."""

    low: Term
    best: Term
    high: Term


@dataclass(frozen=True, slots=True)
class Step:
    """One rule applied.

    Attributes:
        number: from 1; a term of a later step refers to it.
        rule: the rule of docs/domain.md, section 5, such as `R6`.
        bound: which of low, best and high it works out.
        about: the areas and the segment it speaks of.
        says: the rule in this case, in words.
    """

    number: int
    rule: str
    bound: Bound
    about: str
    operation: Operation
    says: str
    terms: tuple[Term, ...]
    value: int | None


@dataclass(slots=True)
class Trail:
    """Steps in the order in which they can be recomputed."""

    steps: list[Step] = field(default_factory=list)

    def add(
        self,
        operation: Operation,
        terms: Iterable[Term],
        *,
        rule: str,
        bound: Bound,
        about: str,
        says: str,
    ) -> Term:
        """Works out a step and returns its result as a term for later ones.

        The least or the most of one result of a step is that result: no step of its own.
        """
        known = tuple(terms)
        if operation in {"least", "most"} and len(known) == 1 and known[0].step and rule != "R12":
            return known[0]
        value = worked_out(operation, [term.value for term in known])
        number = len(self.steps) + 1
        self.steps.append(Step(number, rule, bound, about, operation, says, known, value))
        return Term(f"{about}: {bound}", value, number)


def worked_out(operation: Operation, values: Sequence[int | None]) -> int | None:
    """The result of an operation; anybody with a pencil gets the same.

    `take`: the only term. `add`: the sum, None with any None. `less`: the first less all others,
    at least 0; None if the first is None, 0 if another one is. `most`: the greatest, None with
    any None. `least`: the least of those that are not None. `none`: no value, for the reason
    the step gives.
    """
    given = [value for value in values if value is not None]
    complete = len(given) == len(values)
    result: int | None = None
    match operation:
        case "take":
            (result,) = values
        case "add":
            result = sum(given) if complete else None
        case "less" if values[0] is not None:
            result = max(0, values[0] - sum(given[1:])) if complete else 0
        case "most":
            result = max(given) if complete else None
        case "least":
            result = min(given, default=None)
        case "less" | "none":
            result = None
        case _:
            assert_never(operation)
    return result
