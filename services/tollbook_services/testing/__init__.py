"""Tests of events and folds in a few lines: given events, project, then look (docs/testing.md)."""

from tollbook_services.testing.events import (
    duplicate,
    figure,
    gazetteer,
    incident_opened,
    incident_split,
    incidents_merged,
    policy,
    reinstated,
    report,
    retracted,
    reviewed,
    revised,
)

__all__ = [
    "duplicate",
    "figure",
    "gazetteer",
    "incident_opened",
    "incident_split",
    "incidents_merged",
    "policy",
    "reinstated",
    "report",
    "retracted",
    "reviewed",
    "revised",
]
