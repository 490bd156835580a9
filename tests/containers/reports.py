"""Reports that are published to the composed system."""

import orjson

SOURCE = "https://desk.example.org"


def report(name: str, value: int, crisis: str) -> bytes:
    """A report of one figure: so many killed in Latakia, by a source of its own."""
    figure = {
        "id": "killed",
        "measure": "killed",
        "unit": "person",
        "quantity": {"qualifier": "exactly", "value": value},
        "areas": ["SY-LA"],
        "basis": "cumulative",
        "window": {"start": "2025-03-06"},
        "as_of": "2025-03-11",
    }
    return orjson.dumps(
        {
            "specversion": "1.0",
            "type": "org.tollbook.report.filed.v1",
            "source": SOURCE,
            "id": name,
            "subject": crisis,
            "time": "2025-03-11T20:00:00Z",
            "datacontenttype": "application/json",
            "data": {
                "originator": "desk",
                "published_at": "2025-03-11",
                "figures": [figure],
            },
        }
    )
