"""Reports to measure with: synthetic ones of about 500 bytes, and real events of open datasets."""

import gzip
import json
import re
from collections.abc import Iterator
from functools import cache
from html import unescape
from pathlib import Path
from typing import Any

import pycountry

from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_schemas.parse import ParsedEvent, parse_event

REAL = Path(__file__).parents[1] / "../shared/data/events/real_events_normalised.jsonl.gz"
"""21,002 incidents: IOM Missing Migrants Project and UCDP GED (CC BY), beside the checkout."""

EVENT_BYTES = 500
CRISES = 40
ORIGINATORS = ("sohr", "snhr", "ocha", "health-ministry", "red-crescent")
AREAS = ("SY-LA", "SY-TA", "SY-HM", "SY-HI", "SY-ID", "SY-HL")
GROUPS = ({"status": "civilian"}, {"status": "combatant"}, {})
MEASURES = {"killed": "killed", "missing": "missing"}
"""Measures of the datasets that are measures here; survivors are not."""

Document = dict[str, Any]


def synthetic(first: int, count: int, crises: int = CRISES) -> Iterator[bytes]:
    """Reports of 500 bytes: counts that grow day by day, by originator, province and segment."""
    for number in range(first, first + count):
        yield _padded(_growing(number, crises))


def real() -> Iterator[bytes]:
    """The events of the open datasets, one report each; a reused id gets a number behind it."""
    seen: dict[str, int] = {}
    with gzip.open(REAL, "rt", encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            again = seen[row["id"]] = seen.get(row["id"], 0) + 1
            yield json.dumps(_incident(row, again)).encode()


def parsed(raws: Iterator[bytes]) -> list[ParsedEvent]:
    """The reports, validated; one that is refused stops the measurement."""
    gazetteer = default_gazetteer()
    found = []
    for raw in raws:
        outcome = parse_event(raw, gazetteer)
        if not isinstance(outcome, ParsedEvent):
            raise TypeError(f"{outcome} in {raw!r}")
        found.append(outcome)
    return found


def _growing(number: int, crises: int) -> Document:
    turn, crisis = divmod(number, crises)
    day, place = divmod(turn, len(AREAS) * len(ORIGINATORS))
    originator, area = divmod(place, len(AREAS))
    month, date = divmod(day, 28)
    as_of = f"{2020 + month // 12}-{1 + month % 12:02}-{1 + date:02}T20:00:00Z"
    figure = {
        "id": "f",
        "measure": "killed",
        "unit": "person",
        "segment": GROUPS[(originator + area) % len(GROUPS)],
        "quantity": {"qualifier": "exactly", "value": 10 * day + area},
        "areas": [AREAS[area]],
        "basis": "cumulative",
        "window": {"start": "2020-01-01"},
        "as_of": as_of,
    }
    data = {"originator": ORIGINATORS[originator], "published_at": as_of, "figures": [figure]}
    return _event(f"report-{number}", f"crisis-{crisis}", as_of, data)


def _incident(row: Document, again: int) -> Document:
    year = row["id"].partition(":")[2][:4]  # some rows have no date but that of their id
    window = {
        "start": row["date_start"] or f"{year}-01-01",
        "end": row["date_end"] or f"{year}-12-31",
    }
    end = window["end"]
    figures = [
        {
            "id": measure,
            "measure": MEASURES[measure],
            "unit": "person",
            "quantity": _quantity(**bounds),
            "areas": [_country(row["country"])],
            "basis": "incident",
            "window": window,
            "as_of": end,
        }
        for measure, bounds in row["measures"].items()
        if measure in MEASURES
    ]
    data: Document = {
        "originator": row["dataset"].partition("-")[0],
        "published_at": end,
        "figures": figures,
    }
    if not figures:
        said = json.dumps(row["measures"])
        data["statements"] = [{"id": "s", "speaker": "dataset", "kind": "claim", "text": said}]
    name = re.sub(r"[#/\s]", "-", row["id"]) + (f".{again}" if again > 1 else "")
    return _event(name, row["dataset"].replace(".", "-"), f"{end}T00:00:00Z", data)


def _quantity(low: int, best: int, high: int) -> Document:
    if low == best == high:
        return {"qualifier": "exactly", "value": best}
    low, high = min(low, best, high), max(low, best, high)
    return {"qualifier": "between", "from": low, "to": high, "value": best}


@cache
def _country(name: str) -> str:
    plain = re.sub(r"\s*\(.*\)", "", unescape(name))
    known = {
        "Mixed/Unknown": "LY",
        "China, Hong Kong Special Administrative Region": "HK",
        "China, Macao Special Administrative Region": "MO",
        "Republic of Korea": "KR",
        "Democratic People's Republic of Korea": "KP",
        "Democratic Republic of the Congo": "CD",
        "United States Virgin Islands": "VI",
        "Iran": "IR",
    }
    code = known.get(plain)
    return code or str(pycountry.countries.search_fuzzy(plain)[0].alpha_2)


def _event(name: str, crisis: str, time: str, data: Document) -> Document:
    return {
        "specversion": "1.0",
        "type": "org.tollbook.report.filed.v1",
        "source": "https://bench.example",
        "id": name,
        "subject": crisis,
        "time": time,
        "data": data,
    }


def _padded(document: Document) -> bytes:
    short = json.dumps(document, separators=(",", ":"))
    document["data"]["note"] = "x" * max(1, EVENT_BYTES - len(short) - len(',"note":""'))
    return json.dumps(document, separators=(",", ":")).encode()
