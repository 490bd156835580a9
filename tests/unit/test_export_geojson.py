"""Exported GeoJSON: a feature for each cell, a polygon only where the area has one."""

import json
from pathlib import Path
from typing import Any

import pytest
from export_kit import METADATA, answer_of, written
from figures_builder import fig, report

from tollbook_services.exporting.polygons import polygon_of


def collection(subject: str, folder: Path, *events: Any) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(written(answer_of(subject, *events), "geojson", folder))
    return document


@pytest.mark.parametrize("subject", ["tolls", "displacement"])
def test_each_cell_is_a_feature_with_its_values_as_properties(subject: str, tmp_path: Path) -> None:
    answer = answer_of(subject)

    document = json.loads(written(answer, "geojson", tmp_path))

    assert document["type"] == "FeatureCollection"
    for feature, cell in zip(document["features"], answer.document["cells"], strict=True):
        properties = feature["properties"]
        assert (feature["type"], feature["id"]) == ("Feature", cell["id"])
        for name in ("kind", "area", "measure", "low", "best", "high", "flags", "figures"):
            assert properties[name] == cell[name]
        own = [(one["originator"], one["low"], one["high"]) for one in properties["originators"]]
        assert own == [(one["originator"], one["low"], one["high"]) for one in cell["originators"]]


def test_the_collection_says_what_it_is_of(tmp_path: Path) -> None:
    document = collection("tolls", tmp_path)

    assert document["crisis"] == "coast"
    assert document["as_of"] == METADATA["asked_as_of"]
    assert document["known_as_of"] == {"sequence": 22, "time": METADATA["known_as_of_time"]}
    for name in ("published_as_of", "policy", "gazetteer", "licence", "exported_by"):
        assert document[name] == METADATA[name]


def test_an_area_has_its_polygon_and_several_areas_have_none(tmp_path: Path) -> None:
    document = collection("tolls", tmp_path, report("a", 8, fig("f", 745, ["SY-LA", "SY-TA"])))

    shapes = {one["properties"]["area"]: one["geometry"] for one in document["features"]}
    assert shapes["SY"] == polygon_of("SY")
    assert shapes["SY-LA"] == polygon_of("SY-LA")
    assert shapes["SY"] is not None
    assert shapes["SY-LA+SY-TA"] is None
    bucket = next(one for one in document["features"] if "+" in one["properties"]["area"])
    assert document["without_geometry"] == [bucket["id"]]


def test_an_area_below_the_first_level_has_no_polygon_and_is_listed(tmp_path: Path) -> None:
    document = collection("tolls", tmp_path, report("a", 8, fig("f", 3, "SY0602")))

    (deep,) = [one for one in document["features"] if one["properties"]["area"] == "SY0602"]
    assert deep["geometry"] is None
    assert deep["id"] in document["without_geometry"]


def test_a_polygon_that_holds_another_areas_ground_says_so(tmp_path: Path) -> None:
    document = collection("tolls", tmp_path, report("a", 8, fig("f", 3, "LB-AS")))

    (north,) = [one for one in document["features"] if one["properties"]["area"] == "LB-AS"]
    assert north["properties"]["polygon_covers"] == ["LB-AK"]


def test_an_upper_bound_that_nobody_gave_is_null(tmp_path: Path) -> None:
    at_least = fig("f", {"qualifier": "at_least", "value": 3}, "SY-LA")

    document = collection("tolls", tmp_path, report("a", 8, at_least))

    for feature in document["features"]:
        assert feature["properties"]["high"] is None
