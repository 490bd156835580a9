"""The columns of exported tables: name, kind and meaning, the same in CSV and Parquet."""

from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["text", "whole", "truth", "instant", "beginning", "texts", "objects"]
"""What a value is: a text, a whole number, true or false, an RFC 3339 date or date-time, the same
where a date is its first moment, a list of texts, or a list of objects. A value that nobody gave
is null (an empty field of CSV), never 0."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table."""

    name: str
    kind: Kind
    says: str


SEGMENT: Final = (
    Column("segment", "text", "who is counted, as a slug; all is everyone"),
    Column("segment_status", "text", "civilian or combatant"),
    Column("segment_group", "text", "armed or political group"),
    Column("segment_community", "text", "ethnic, religious or national community"),
    Column("segment_sex", "text", "female, male, other or unknown"),
    Column("segment_age_band", "text", "such as child or 18-59"),
)

BOUNDS: Final = (
    Column("low", "whole", "at least this many"),
    Column("best", "whole", "the point value; empty where nobody gave one"),
    Column("high", "whole", "at most this many; empty with the flag open_high is no upper bound"),
)

_STATUS: Final = (
    Column("flags", "texts", "what to know of this number, see domain.md"),
    Column("obs_status", "texts", "SDMX observation status: p, e, b, d, u"),
)

CELL: Final = (
    Column("crisis", "text", "its slug"),
    Column(
        "kind", "text", "area, unallocated (known for no smaller area than these) or unspecified"
    ),
    Column("area", "text", "code, or codes joined with +"),
    Column("areas", "texts", "the same codes as a list"),
    Column("name", "text", "what the area is called"),
    Column("area_level", "whole", "0 a country, 1 its first level, and so on; empty for several"),
    Column("country", "text", "code of the country; of several, joined with +"),
    Column("measure", "text", "what happened to them"),
    Column("unit", "text", "what is counted"),
    Column("nature", "text", "count, or stock: who was present"),
    *SEGMENT,
    Column("origin", "text", "where a movement came from"),
    Column("destination", "text", "where a movement went to"),
    *BOUNDS,
    Column("as_of", "instant", "cut-off of the originators"),
    Column("oldest_as_of", "instant", "the oldest cut-off in a sum whose cut-offs differ"),
    Column("supplied_by", "text", "the originator that best comes from"),
    *_STATUS,
    Column("rules", "texts", "the rules that made the number, see domain.md"),
    Column("figures", "texts", "global ids of the figures it rests on"),
    Column("figures_total", "whole", "how many figures there are"),
    Column("persons_low", "whole", "households said in persons, with --persons"),
    Column("persons_best", "whole", "the same, point value"),
    Column("persons_high", "whole", "the same, upper bound"),
    Column("persons_rule", "text", "the rule that sized a household"),
    Column("id", "text", "id of the cell, for `tollbook explain`"),
)

ORIGINATOR: Final = Column("originator", "text", "whose own value the row is; empty: consolidated")
ORIGINATORS: Final = Column("originators", "objects", "each originator's own value")

REVISION: Final = (
    Column("crisis", "text", "its slug"),
    Column("series", "text", "id of the series"),
    Column("originator", "text", "who counted"),
    Column("measure", "text", "what happened to them"),
    Column("unit", "text", "what is counted"),
    *SEGMENT,
    Column("areas", "texts", "codes"),
    Column("basis", "text", "in which sense it adds up over time"),
    Column("place", "text", "a named place inside the areas"),
    Column("incident", "text", "the incident"),
    Column("origin", "text", "where a movement came from"),
    Column("destination", "text", "where a movement went to"),
    Column("window_start", "beginning", "the first day that the figure speaks about"),
    Column("window_end", "instant", "the last day that the figure speaks about"),
    Column("dated_by", "text", "how deaths were put into the window"),
    Column("coverage", "text", "complete, or partial: a verified minimum"),
    Column("phase", "whole", "raised when the counter restarted"),
    Column("role", "text", "counted, or what else the figure is for"),
    Column("status", "text", "reported, alleged, preliminary, verified, disputed or denied"),
    Column("n", "whole", "number of the step in its series"),
    Column("kind", "text", "kind of revision"),
    *BOUNDS,
    Column("qualifier", "text", "how the number was printed: exactly, at_least, lexical, ..."),
    Column("value", "whole", "the printed number"),
    Column("from", "whole", "the lower end of a printed range"),
    Column("to", "whole", "the upper end of a printed range"),
    Column("word", "text", "the printed word"),
    Column("text", "text", "the quantity as printed"),
    Column("previous_low", "whole", "low of the value before"),
    Column("previous_best", "whole", "best of the value before"),
    Column("previous_high", "whole", "high of the value before"),
    Column("as_of", "instant", "cut-off of the originator"),
    Column("published_at", "instant", "when it was published, or when the act was made"),
    Column("recorded_at", "instant", "when this ledger recorded it"),
    Column("sequence", "whole", "its position in the partition"),
    Column("reason", "text", "why, for an act"),
    Column("figure", "text", "global id of the figure"),
    Column("event", "text", "global id of the event"),
    Column("url", "text", "page of the publication"),
    Column("relayed_by", "text", "who printed it"),
    Column("counts", "truth", "whether it became the current value"),
    *_STATUS,
)

EVENT: Final = (
    Column("partition", "whole", "partition of the ledger"),
    Column("sequence", "whole", "position in the partition"),
    Column("recorded_at", "instant", "when the ledger recorded it"),
    Column("type", "text", "what happened"),
    Column("source", "text", "who sent it"),
    Column("id", "text", "its id, unique for the source"),
    Column("crisis", "text", "what it is about"),
    Column("time", "instant", "when the sender made it"),
    Column("leaf", "text", "SHA-256 of 0x00 and the stored bytes (RFC 6962), hexadecimal"),
    Column("event", "text", "the event as sent, canonical JSON (RFC 8785)"),
)

METADATA: Final = (
    Column("asked_as_of", "instant", "cut-off that was asked for; empty: none"),
    Column("published_as_of", "instant", "publications until then; empty: all"),
    Column("known_as_of_sequence", "whole", "last ledger position that is in it"),
    Column("known_as_of_time", "instant", "when that was recorded"),
    Column("filters", "text", "which part was asked for: area=SY-LA originator=sohr; empty: all"),
    Column("policy", "text", "id of the policy"),
    Column("gazetteer", "text", "version of the areas"),
    Column("licence", "text", "terms of the data, as given or as the reports name them"),
    Column("exported_by", "text", "program and version"),
    Column("redacted", "text", "global ids of events whose withheld fields were destroyed"),
)
"""What each export says of itself; repeated on every row of a CSV file."""
