"""A table of one good row for each format, made up from facts of the format."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

NUMBER = 1225
"""What each sample counts."""


@dataclass(frozen=True)
class Sample:
    """A table with a header and one row.

    Attributes:
        format: as the command calls it.
        cells: the row by its columns.
        numbers: the columns that hold `NUMBER`.
        day: a column that holds 2025-03-11, and without which there is no report.
        remark: a column of free text, which is only kept.
        signed: whether numbers below 0 mean something in the format.
        mapping: the mapping file.
    """

    format: str
    cells: Mapping[str, str]
    numbers: tuple[str, ...]
    day: str
    remark: str = "remark"
    signed: bool = False
    mapping: Mapping[str, Any] = field(default_factory=dict)

    def put(self, **changed: str) -> "Sample":
        """With other cells."""
        return replace(self, cells={**self.cells, **changed})

    def counting(self, text: str) -> "Sample":
        """With another text wherever the number stands."""
        return self.put(**dict.fromkeys(self.numbers, text))

    def without(self, column: str) -> "Sample":
        """Without a column."""
        return replace(self, cells={one: text for one, text in self.cells.items() if one != column})

    def table(self) -> list[list[str]]:
        """Its header and its row."""
        return [[*self.cells], [*self.cells.values()]]

    def text(self, *, delimiter: str = ",", newline: str = "\n") -> str:
        """The table as CSV."""
        return as_csv(self.table(), delimiter=delimiter, newline=newline)


def as_csv(table: list[list[str]], *, delimiter: str = ",", newline: str = "\n") -> str:
    """Rows of cells as CSV."""
    made = io.StringIO(newline="")
    csv.writer(made, delimiter=delimiter, lineterminator=newline).writerows(table)
    return made.getvalue()


UCDP_GED = Sample(
    "ucdp-ged",
    {
        "id": "900001",
        "year": "2025",
        "active_year": "1",
        "type_of_violence": "3",
        "conflict_new_id": "439",
        "conflict_name": "Syria: Government",
        "dyad_new_id": "906",
        "dyad_name": "Government of Syria - Insurgents",
        "side_a_new_id": "144",
        "gwnoa": "652",
        "side_a": "Government of Syria",
        "side_b_new_id": "880",
        "gwnob": "",
        "side_b": "Civilians",
        "number_of_sources": "1",
        "source_article": "A paper,2025-03-11,A headline",
        "source_office": "A paper",
        "source_date": "2025-03-11",
        "source_headline": "A headline",
        "source_original": "A witness",
        "where_prec": "4",
        "where_coordinates": "Latakia",
        "adm_1": "Latakia governorate",
        "adm_2": "",
        "latitude": "35.52",
        "longitude": "35.78",
        "geom_wkt": "POINT (35.78 35.52)",
        "priogrid_gid": "180792",
        "country": "Syria",
        "country_id": "652",
        "region": "Middle East",
        "event_clarity": "1",
        "date_prec": "1",
        "date_start": "2025-03-11",
        "date_end": "2025-03-11",
        "deaths_a": "0",
        "deaths_b": "0",
        "deaths_civilians": str(NUMBER),
        "deaths_unknown": "0",
        "low": str(NUMBER),
        "best": str(NUMBER),
        "high": str(NUMBER),
    },
    ("deaths_civilians", "low", "best", "high"),
    "date_start",
    "source_headline",
)

IOM_MMP = Sample(
    "iom-mmp",
    {
        "web_id": "2025.MMP90001",
        "region": "Mediterranean",
        "reported_date": "2025-03-11",
        "number_dead": str(NUMBER),
        "number_missing": "",
        "total_dead_and_missing": str(NUMBER),
        "number_of_survivors": "",
        "number_of_female": "",
        "number_of_male": "",
        "number_of_children": "",
        "cause_death": "Drowning",
        "country_of_incident": "Libya",
        "location_description": "Off the coast",
        "location_coodinates": "33.1, 12.5",
        "migration_route": "Central Mediterranean",
        "information_source": "A coastguard",
        "source_quality": "4",
        "url": "https://news.example/boat",
        "unsd_geographic_grouping": "Northern Africa",
    },
    ("number_dead", "total_dead_and_missing"),
    "reported_date",
    "location_description",
    signed=True,
)

ACLED = Sample(
    "acled",
    {
        "event_id_cnty": "SYR90001",
        "event_date": "2025-03-11",
        "year": "2025",
        "time_precision": "1",
        "disorder_type": "Political violence",
        "event_type": "Violence against civilians",
        "sub_event_type": "Attack",
        "actor1": "Military Forces of Syria",
        "assoc_actor_1": "",
        "inter1": "State forces",
        "actor2": "Civilians (Syria)",
        "assoc_actor_2": "",
        "inter2": "Civilians",
        "interaction": "State forces-Civilians",
        "civilian_targeting": "Civilian targeting",
        "iso": "760",
        "region": "Middle East",
        "country": "Syria",
        "admin1": "Lattakia",
        "admin2": "",
        "admin3": "",
        "location": "Lattakia",
        "latitude": "35.52",
        "longitude": "35.78",
        "geo_precision": "1",
        "source": "A paper",
        "source_scale": "National",
        "notes": "On 11 March 2025, an attack.",
        "fatalities": str(NUMBER),
        "tags": "",
        "timestamp": "1741737600",
    },
    ("fatalities",),
    "event_date",
    "notes",
)

IDMC_IDU = Sample(
    "idmc-idu",
    {
        "id": "900001",
        "country": "India",
        "iso3": "IND",
        "latitude": "10.4",
        "longitude": "76.2",
        "centroid": "[10.4, 76.2]",
        "displacement_type": "Disaster",
        "qualifier": "total",
        "figure": str(NUMBER),
        "displacement_date": "2025-03-11",
        "displacement_start_date": "2025-03-11",
        "displacement_end_date": "2025-03-11",
        "year": "2025",
        "event_name": "India: Flood - Kerala - 11/03/2025",
        "event_start_date": "2025-03-11",
        "event_end_date": "2025-03-11",
        "category": "Weather related",
        "subcategory": "Hydrological",
        "type": "Flood",
        "subtype": "Flood",
        "standard_popup_text": "<b> India: 1,225 displacements (in relief camp), "
        "11 March - 11 March  </b> <br> A total of 1,225 people were in relief camp due to "
        "flood on 11 March in Kerala, according to national authorities. <br> "
        '<a href="https://news.example/flood"target="_blank">A ministry - 11 March  2025</a>',
        "standard_info_text": "<b> India: 1,225 displacements (in relief camp), 11 March </b>",
        "old_id": "",
        "created_at": "2025-03-12T19:37:23.870Z",
    },
    ("figure",),
    "displacement_date",
    "event_name",
)

TFP_DAILY = Sample(
    "tfp-daily",
    {
        "report_date": "2025-03-11",
        "report_source": "mohtel",
        "report_period": "24",
        "ext_massacres_cum": "0",
        "killed_cum": str(NUMBER),
        "ext_killed_cum": str(NUMBER),
    },
    ("killed_cum", "ext_killed_cum"),
    "report_date",
)

TFP_REVISIONS = Sample(
    "tfp-revisions",
    {
        "area": "gaza",
        "commit": "0123456789abcdef0123456789abcdef01234567",
        "committed_at": "2025-03-12T08:25:24-05:00",
        "author": "editor-1",
        "commit_subject": "daily: update for mar 12, again",
        "report_date": "2025-03-11",
        "field": "killed_cum",
        "old_value": "",
        "new_value": str(NUMBER),
    },
    ("new_value",),
    "report_date",
    "commit_subject",
)

HXL = Sample(
    "hxl",
    {
        "#meta+id": "900001",
        "#date+reported": "2025-03-11",
        "#adm1+name": "Latakia",
        "#affected+killed": str(NUMBER),
        "#meta+source": "SNHR",
        "#meta+comment": "by name",
    },
    ("#affected+killed",),
    "#date+reported",
    "#meta+comment",
    mapping={"basis": "cumulative"},
)

CSV = Sample(
    "csv",
    {
        "key": "900001",
        "day": "2025-03-11",
        "where": "Latakia",
        "deaths": str(NUMBER),
        "who": "SNHR",
        "remark": "by name",
    },
    ("deaths",),
    "day",
    mapping={
        "source": "https://desk.example.org/table",
        "id": {"column": "key"},
        "originator": {"column": "who", "slug": True},
        "published_at": {"column": "day"},
        "areas": {"country": "SY", "adm1": {"column": "where"}},
        "every": {"basis": "cumulative", "as_of": {"column": "day"}},
        "figures": [
            {
                "id": "killed",
                "measure": "killed",
                "unit": "person",
                "quantity": {"value": {"column": "deaths"}},
            }
        ],
    },
)

SAMPLES = (UCDP_GED, IOM_MMP, ACLED, IDMC_IDU, TFP_DAILY, TFP_REVISIONS, HXL, CSV)
