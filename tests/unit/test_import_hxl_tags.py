"""HXL tags: what their attributes mean, what they leave open, and what the mapping file says."""

from pathlib import Path
from typing import Any

import pytest
from hxl_kit import CUMULATIVE, SHEET, column, figures, refused
from import_kit import imported

from tollbook_schemas.errors import UsageError
from tollbook_services.importing.hxl_tags import (
    APPROXIMATE,
    BASES,
    BOUNDS,
    EMPTY_WORDS,
    MEASURES,
    PREFIXES,
    REMAINDER,
    SEGMENTS,
    UNITS,
)


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("#affected", {"measure": "affected"}),
        ("#affected+num+ind", {"measure": "affected"}),
        ("#affected+dead", {"measure": "killed"}),
        ("#AFFECTED +Injured", {"measure": "injured"}),
        ("#affected+missing+m+adults", {"segment": {"sex": "male", "age_band": "adult"}}),
        ("#affected+killed+elderly+f", {"segment": {"sex": "female", "age_band": "elderly"}}),
        ("#affected+killed+age_5_17", {"segment": {"age_band": "5-17"}}),
        ("#affected+killed+civilians", {"segment": {"status": "civilian"}}),
        ("#affected+killed+group_state_security", {"segment": {"group": "state_security"}}),
        ("#affected+displaced+hh+stock", {"unit": "household", "basis": "stock"}),
        ("#affected+idps+families+stock", {"measure": "displaced", "unit": "family"}),
        ("#affected+houses_destroyed", {"unit": "house"}),
        ("#affected+killed+todate", {"basis": "cumulative"}),
        ("#affected+killed+approx", {"quantity": {"qualifier": "approximately", "value": 7}}),
        ("#affected+killed+min", {"quantity": {"qualifier": "at_least", "value": 7}}),
        ("#affected+killed+max", {"quantity": {"qualifier": "up_to", "value": 7}}),
    ],
)
def test_attributes_say_what_a_column_counts(tag: str, expected: dict[str, Any]) -> None:
    assert expected.items() <= column(tag, 7).items()


@pytest.mark.parametrize(
    ("low", "best", "high", "quantity"),
    [
        (3, 5, 9, {"qualifier": "between", "from": 3, "value": 5, "to": 9}),
        (3, "", 9, {"qualifier": "between", "from": 3, "to": 9}),
        ("", 5, 9, {"qualifier": "between", "from": 0, "value": 5, "to": 9}),
        (5, 5, 5, {"qualifier": "exactly", "value": 5}),
        (5, 5, "", {"qualifier": "at_least", "value": 5}),
        (5, "", "", {"qualifier": "at_least", "value": 5}),
        (0, "", "", {"qualifier": "unquantified"}),
        (0, 0, "", {"qualifier": "at_least", "value": 0}),
    ],
)
def test_low_best_and_high_are_one_figure(
    low: object, best: object, high: object, quantity: dict[str, Any]
) -> None:
    tags = "#affected+killed+low,#affected+killed+best,#affected+killed+high"
    text = f"#date,#adm1+code,#meta+source,{tags}\n2025-03-11,SY-LA,SNHR,{low},{best},{high}\n"

    assert figures(text)["killed"]["quantity"] == quantity


def test_a_best_above_a_low_without_a_high_is_refused_at_the_high() -> None:
    tags = "#affected+killed+low,#affected+killed+best,#affected+killed+high"
    text = f"#date,#adm1+code,#meta+source,{tags}\n2025-03-11,SY-LA,SNHR,3,5,\n"

    assert "needs its upper end" in refused(text)["#affected+killed+high"]


OPEN = """\
#adm1+code,#affected+killed,#affected+poor,#affected+kiled
SY-LA,1,2,3
SY-TA,1,2,3
"""


def test_what_the_tags_leave_open_is_said_once_with_lines_for_the_mapping_file() -> None:
    """Given a sheet without basis, source and date, when imported, then all of it is told."""
    with pytest.raises(UsageError) as error:
        imported("hxl", OPEN)

    told = "\n".join((str(error.value), *error.value.__notes__))
    assert "#affected+poor: +poor is no word that is read" in told
    assert "did you mean 'killed'" in told
    assert 'basis = ""' in told
    assert 'originator = ""' in told
    assert 'published_at = ""' in told
    assert '"#affected+poor" = "ignore"' in told


def test_the_mapping_says_what_the_tags_leave_open() -> None:
    mapping = {
        "basis": "increment",
        "originator": "ocha",
        "published_at": "#date+updated",
        "columns": {
            "#affected+poor": "ignore",
            "#affected+civ": {"measure": "injured", "segment": {"status": "civilian"}},
        },
    }
    text = (
        "#adm1+code,#affected+killed,#affected+poor,#affected+civ,#date+start,#date+updated\n"
        "SY-LA,1,2,3,2025-03-06,2025-03-11\n"
    )

    found = figures(text, **mapping)

    assert found.keys() == {"killed", "injured.civilian"}
    assert found["killed"]["basis"] == "increment"
    assert found["killed"]["window"] == {"start": "2025-03-06"}


def test_two_columns_that_count_the_same_are_refused_until_one_is_ignored() -> None:
    text = (
        "#date,#adm1+code,#meta+source,#affected+killed,#affected+killed\n"
        "2025-03-11,SY-LA,SNHR,5,7\n"
    )
    with pytest.raises(UsageError, match=r"#affected\+killed \(column 5\) counts the same"):
        imported("hxl", text, mapping=CUMULATIVE)

    kept = figures(text, **CUMULATIVE, columns={"#affected+killed (column 5)": "ignore"})

    assert kept["killed"]["quantity"]["value"] == 5


@pytest.mark.parametrize("tag", ["#affected+killed+injured", "#affected+f+m+killed"])
def test_a_column_that_would_be_two_things_is_refused(tag: str) -> None:
    with pytest.raises(UsageError, match="in one column"):
        column(tag, 1)


def test_an_increment_needs_to_know_when_it_began() -> None:
    with pytest.raises(UsageError, match=r"when the period of #affected\+killed\+new began"):
        column("#affected+killed+new", 1)


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({"orginator": "ocha"}, "orginator is not known .did you mean 'originator'"),
        ({"basis": "total"}, "basis: .*cumulative"),
        ({"originator": "#org+name"}, r"names #org\+name, which is not among its tags"),
        ({"columns": {"affected": "ignore"}}, "columns.*no tag"),
    ],
)
def test_a_wrong_mapping_is_refused_with_what_would_be_right(
    mapping: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        imported("hxl", SHEET, mapping={**CUMULATIVE, **mapping})


def test_every_word_that_is_read_is_documented() -> None:
    """Given the closed list of attributes, then the documentation has each of them."""
    words = {*MEASURES, *UNITS, *SEGMENTS, *BASES, *BOUNDS, *EMPTY_WORDS, APPROXIMATE, REMAINDER}

    page = (Path(__file__).parents[2] / "docs" / "importing.md").read_text(encoding="utf-8")

    assert {word for word in words if f"`+{word}`" not in page} == set()
    assert {prefix for prefix in PREFIXES if f"`+{prefix}" not in page} == set()
