"""Why the stream of a reader ends, as its last event says it."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from tollbook_services.live import sse
from tollbook_services.live.place import BEGINNING, FeedPlace
from tollbook_services.live.stream import GapError


class Ending(NamedTuple):
    """The last event of a stream.

    Attributes:
        event: `cut` or `gap`; empty where the reader is told by a comment, or nothing.
        code: what programs go by.
        detail: what happened, and what to do.
        members: more of what the event says.
    """

    event: str
    code: str
    detail: str
    members: Mapping[str, Any] = {}

    def sent(self) -> bytes:
        """Its bytes."""
        if self == STOPPING:
            return sse.STOPPING
        if not self.event:
            return b""
        return sse.ending(self.event, {"code": self.code, "detail": self.detail, **self.members})


STOPPING: Final = Ending("", "stopping", "the server stops")
GONE: Final = Ending("", "gone", "the reader went away")
FAILED: Final = Ending(
    "cut", "failed", "the feed failed inside the server, see its log: come back with the last id"
)
TOKEN_ENDED: Final = Ending(
    "cut",
    "token-ended",
    "the token of this reader was revoked or has expired: come back with another, and the last id",
)
OTHER_LEDGER: Final = Ending(
    "gap",
    "other-ledger",
    "another ledger is in the engine now: read its views, then its feed without an id",
)


def gap_members(ledger: str, gap: GapError) -> dict[str, Any]:
    """From when on changes are missing, what is kept, and after which place to go on."""
    newest = gap.newest or BEGINNING
    return {
        "missing_after": None if gap.lost == BEGINNING else gap.lost.time,
        "kept_from": gap.oldest.time if gap.oldest else None,
        "resume_after": FeedPlace(ledger, newest).token(),
    }


def gap_detail(gap: GapError) -> str:
    """What happened, and what to do, in a sentence."""
    return f"{gap}: read the views again, then the feed after `resume_after`"


def gap_ending(ledger: str, gap: GapError) -> Ending:
    """How a stream ends that cannot go on without losing changes."""
    return Ending("gap", "gap", gap_detail(gap), gap_members(ledger, gap))
