"""`revise`, `retract`, `duplicate` and `review`: what an editor says about one figure."""

import getpass
from dataclasses import dataclass
from typing import Annotated, Any, Final

from cyclopts import Group, Parameter

from tollbook_schemas.editorial import RevisedKind
from tollbook_schemas.errors import UsageError
from tollbook_schemas.figure import Role, Status
from tollbook_schemas.quantity import Qualifier, Word
from tollbook_schemas.segment import ALL, Segment
from tollbook_services.act_targets import must_be_retracted
from tollbook_services.cli.acts import EDITOR, Editor, say
from tollbook_services.cli.common import COMMON, Common
from tollbook_services.editorial import find_figure
from tollbook_services.wiring import open_tollbook

_NEW: Final = Group("What changes", sort_key=10)

Reason = Annotated[str, Parameter(help="Why: 1 to 2,000 characters, kept for ever.")]
Figure = Annotated[
    str, Parameter(help="source/report#figure; report#figure is enough with --crisis.")
]


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class NewQuantity:
    """A quantity in options; all left out: the quantity stays."""

    value: Annotated[int | None, Parameter(group=_NEW, help="The number, exact unless said.")] = (
        None
    )
    qualifier: Annotated[
        Qualifier | None, Parameter(group=_NEW, help="How the number or word is meant.")
    ] = None
    from_: Annotated[
        int | None, Parameter(name="--from", group=_NEW, help="Lower end of a range.")
    ] = None
    to: Annotated[int | None, Parameter(group=_NEW, help="Upper end of a range.")] = None
    word: Annotated[Word | None, Parameter(group=_NEW, help="A word such as dozens.")] = None
    text: Annotated[str | None, Parameter(group=_NEW, help="The quantity as printed.")] = None

    def document(self) -> dict[str, Any] | None:
        """The quantity of the contract; the qualifier follows from what is given."""
        given = {
            "value": self.value,
            "from": self.from_,
            "to": self.to,
            "word": self.word,
            "text": self.text,
        }
        said = {name: value for name, value in given.items() if value is not None}
        if not said and self.qualifier is None:
            return None
        return {"qualifier": self.qualifier or _meant(said), **said}


_SAME: Final = NewQuantity()


async def revise(  # noqa: PLR0913 - one option for each field of the event
    figure: Figure,
    *,
    reason: Reason,
    kind: Annotated[RevisedKind, Parameter(help="What kind of revision it is.")] = "correction",
    quantity: NewQuantity = _SAME,
    segment: Annotated[
        str | None,
        Parameter(group=_NEW, help="all, or status=civilian,sex=female and so on."),
    ] = None,
    areas: Annotated[
        str | None, Parameter(group=_NEW, help="Codes joined with commas: SY-LA,SY-TA.")
    ] = None,
    as_of: Annotated[str | None, Parameter(group=_NEW, help="The new cut-off.")] = None,
    phase: Annotated[int | None, Parameter(group=_NEW, help="The new count's number.")] = None,
    editor: Editor = EDITOR,
    common: Common = COMMON,
) -> int:
    """Correct, clarify or redefine a figure; its earlier value stays in the history."""
    data = {
        "kind": kind,
        "reason": reason,
        "quantity": quantity.document(),
        "segment": None if segment is None else _segment(segment),
        "areas": None if areas is None else [code for code in areas.split(",") if code],
        "as_of": as_of,
        "phase": phase,
    }
    return await _about(figure, "figure.revised.v1", data, editor, common)


async def retract(
    figure: Figure, *, reason: Reason, editor: Editor = EDITOR, common: Common = COMMON
) -> int:
    """Take a figure back: it stays in the history and counts no more."""
    return await _about(figure, "figure.retracted.v1", {"reason": reason}, editor, common)


async def duplicate(
    figure: Figure,
    *,
    of: Annotated[str, Parameter(help="The figure that stays.")],
    reason: Reason,
    editor: Editor = EDITOR,
    common: Common = COMMON,
) -> int:
    """Say that a figure repeats another one and counts no more."""
    data = {"of": of, "reason": reason}
    return await _about(figure, "figure.marked_duplicate.v1", data, editor, common)


async def review(  # noqa: PLR0913 - one option for each field of the event
    figure: Figure,
    *,
    reason: Reason,
    role: Annotated[Role | None, Parameter(help="How it counts from now on.")] = None,
    status: Annotated[Status | None, Parameter(help="How sure it is.")] = None,
    reviewer: Annotated[str | None, Parameter(help="Who reviewed it [default: you].")] = None,
    standard_of_proof: Annotated[
        str | None, Parameter(help="Such as balance of probabilities.")
    ] = None,
    editor: Editor = EDITOR,
    common: Common = COMMON,
) -> int:
    """Set the role or the status of a figure after a look at it."""
    if role is None and status is None:
        raise UsageError("a review sets something: give --role or --status")
    data = {
        "role": role,
        "status": status,
        "reviewer": reviewer or getpass.getuser(),
        "standard_of_proof": standard_of_proof,
        "reason": reason,
    }
    return await _about(figure, "figure.reviewed.v1", data, editor, common)


async def _about(
    figure: str, kind: str, data: dict[str, Any], editor: Editor, common: Common
) -> int:
    """Say something about one figure, in the crisis it belongs to."""
    async with open_tollbook(common.settings()) as book:
        found = await find_figure(book, figure, editor.crisis)
        said = {"figure": found.id, **data}
        if "of" in said:
            said["of"] = (await find_figure(book, said["of"], editor.crisis)).id
        if data.get("kind") == "reinstatement":
            await must_be_retracted(book, found.crisis, found.id)
        return await say(book, kind, (found.crisis,), said, editor, common)


def _meant(said: dict[str, Any]) -> str:
    if "word" in said:
        return "lexical"
    return "between" if "from" in said or "to" in said else "exactly"


def _segment(text: str) -> dict[str, str]:
    if text == ALL:
        return {}
    pairs = [part.partition("=") for part in text.split(",")]
    known = tuple(Segment.model_fields)
    for name, equals, value in pairs:
        if name not in known or not equals or not value:
            raise UsageError(
                f"--segment {text!r}: write all, or pairs such as status=civilian,sex=female "
                f"of {', '.join(known)}"
            )
    return {name: value for name, _, value in pairs}
