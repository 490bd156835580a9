"""The HTTP application in this process, on an embedded engine of its own."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from tests.e2e.cli_kit import clean_environment, told

from tollbook_services.api import latest
from tollbook_services.api.app import create_app
from tollbook_services.api.options import ApiOptions
from tollbook_services.settings import Settings
from tollbook_services.wiring import open_tollbook

CRISIS = "syria-coast-2025"
COAST = f"/v1/crises/{CRISIS}"


@contextmanager
def served(data: Path, **options: Any) -> Iterator[TestClient]:
    """A client of an application on the ledger in a directory; reading is open to everybody.

    Every answer is waited for, however slow the machine: none is given on that is older
    (tests/unit/test_api_latest.py has those).
    """
    with clean_environment(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(latest, "LONG_S", math.inf)
        opening = open_tollbook(Settings(data=data), create=True)
        made = create_app(
            ApiOptions(**{"open_reading": True, "rate_per_minute": 1_000_000, **options}), opening
        )
        local = ("127.0.0.1", 50_000)
        with TestClient(made, raise_server_exceptions=False, client=local) as client:
            yield client


def coast(folder: Path) -> Path:
    """A ledger with the reports of the demo."""
    data = folder / "ledger"
    with clean_environment():
        told("demo", "--data", data)
    return data


def report(name: str, value: int, area: str = "SY-LA", **envelope: Any) -> dict[str, Any]:
    """A report of one figure."""
    return {
        "specversion": "1.0",
        "type": "org.tollbook.report.filed.v1",
        "source": "https://desk.example",
        "id": name,
        "subject": "flood-2026",
        "time": "2026-03-01T12:00:00Z",
        "datacontenttype": "application/json",
        "data": {
            "originator": "desk",
            "published_at": "2026-03-01",
            "figures": [
                {
                    "id": "k",
                    "measure": "killed",
                    "unit": "person",
                    "quantity": {"qualifier": "exactly", "value": value},
                    "areas": [area],
                    "basis": "cumulative",
                    "window": {"start": "2026-02-01"},
                    "as_of": "2026-03-01",
                }
            ],
        },
        **envelope,
    }
