"""Cells that name places: the code of what is clear, and what would be right where it is not."""

import pytest

from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_services.importing.places import area_code, country_code
from tollbook_services.importing.rows import Cell, Context, Row, RowError

CONTEXT = Context("c", default_gazetteer())


def row(cell: Cell) -> Row:
    return Row("rows.csv", 7, {"adm_1": cell})


def message(error: RowError) -> str:
    (fault,) = error.faults
    assert fault.column == "adm_1"
    return fault.message


def test_a_clear_name_gives_the_canonical_code() -> None:
    assert area_code(row("Karen State"), "adm_1", CONTEXT, inside="MM", levels=(1,)) == "MM-13"
    assert area_code(row(" SY06 "), "adm_1", CONTEXT) == "SY-LA"
    assert area_code(row("محافظة اللاذقية"), "adm_1", CONTEXT, inside="SY") == "SY-LA"
    assert country_code(row("Côte d&#039;Ivoire"), "adm_1", CONTEXT) == "CI"
    assert country_code(row("Myanmar (Burma)"), "adm_1", CONTEXT) == "MM"


@pytest.mark.parametrize("cell", ["", " ", "-", "N/A", None])
def test_a_cell_with_nothing_is_said_to_be_empty(cell: Cell) -> None:
    with pytest.raises(RowError) as error:
        country_code(row(cell), "adm_1", CONTEXT)

    assert message(error.value) == "is empty: it is needed"


@pytest.mark.parametrize("cell", ["NA", "na"])
def test_na_is_neither_nothing_nor_namibia(cell: str) -> None:
    with pytest.raises(RowError) as error:
        country_code(row(cell), "adm_1", CONTEXT)

    assert "write NAM or Namibia" in message(error.value)
    assert country_code(row("NAM"), "adm_1", CONTEXT) == "NA"


def test_an_ambiguous_name_is_refused_with_the_areas_that_have_it() -> None:
    with pytest.raises(RowError) as error:
        area_code(row("Homs"), "adm_1", CONTEXT, inside="SY")

    assert message(error.value) == (
        "'Homs' is the name of several areas: write the code of the one meant, "
        "SY-HI (Homs in Syria) or SY0401 (Homs in Homs)"
    )


def test_a_name_that_is_none_is_refused_with_what_is_near() -> None:
    with pytest.raises(RowError) as error:
        area_code(row("Kachine"), "adm_1", CONTEXT, inside="MMR", levels=(1,))

    wrong, _, near = message(error.value).partition(": ")
    assert wrong == "'Kachine' is the name or code of no first-level area of Myanmar (MM)"
    assert near.startswith("did you mean MM-11 (Kachin in Myanmar)")


def test_an_area_of_another_country_is_refused_with_where_it_is() -> None:
    with pytest.raises(RowError) as error:
        area_code(row("Kachin State"), "adm_1", CONTEXT, inside="LB", levels=(1,))

    assert "MM-11 (Kachin in Myanmar)" in message(error.value)


def test_what_is_no_country_is_refused() -> None:
    with pytest.raises(RowError) as error:
        country_code(row("Mixed/Unknown"), "adm_1", CONTEXT)

    assert message(error.value) == (
        "'Mixed/Unknown' is the name or code of no country that is known: "
        "write its ISO 3166 code or P-code"
    )
