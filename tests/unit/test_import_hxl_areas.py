"""Where the rows of HXL sheets are: codes and names, one area or several, movements."""

import pytest
from hxl_kit import CUMULATIVE, PLACES, SHEET, figures, refused


def test_a_code_and_a_name_that_contradict_each_other_are_refused() -> None:
    assert "Tartous" in refused(SHEET.replace("Latakia", "Tartus"))["#adm1+name"]


def test_the_finest_area_counts_inside_the_wider_ones() -> None:
    country = figures(PLACES + "Syria,,,2025-03-11,SNHR,5\n")["killed"]
    province = figures(PLACES + "Syria,Latakia,,2025-03-11,SNHR,5\n")["killed"]

    assert (country["areas"], province["areas"]) == (["SY"], ["SY-LA"])


def test_an_unknown_area_is_refused_or_a_place_of_the_wider_one_if_the_mapping_says_so() -> None:
    text = PLACES + "Syria,Latakia,Nowhere at all,2025-03-11,SNHR,5\n"

    assert "Nowhere at all" in refused(text)["#adm2+name"]
    wider = figures(text, **CUMULATIVE, finest="wider")["killed"]
    assert (wider["areas"], wider["place"]) == (["SY-LA"], "Nowhere at all")


def test_a_row_that_names_no_area_is_refused_unless_the_mapping_names_one() -> None:
    text = PLACES + ",,,2025-03-11,SNHR,5\n"

    assert "no area" in refused(text)["#country+name"]
    assert figures(text, **CUMULATIVE, areas=["SY"])["killed"]["areas"] == ["SY"]


def test_a_movement_has_the_areas_it_came_from_and_went_to() -> None:
    text = (
        "#country+code,#adm1+origin+code,#adm1+dest+code,#date+start,#date+end,#meta+source,"
        "#affected+displaced+flow\nSY,SY-LA,SY-TA,2025-03-06,2025-03-11,OCHA,500\n"
    )

    figure = figures(text)["displaced.flow"]

    assert (figure["areas"], figure["origin"], figure["destination"]) == (
        ["SY"],
        ["SY-LA"],
        ["SY-TA"],
    )
    assert figure["window"] == {"start": "2025-03-06", "end": "2025-03-11"}


TOGETHER = "#country+code,#adm1+code,#adm1+name,#date,#meta+source,#affected+killed\n"


def test_areas_that_were_counted_together_have_a_plus_between_them() -> None:
    """Given one number of two provinces, when imported, then it is of both and of none alone."""
    text = TOGETHER + "SY,SY-LA+SY-TA,Tartus + Latakia,2025-03-11,SNHR,5\n"

    assert figures(text)["killed"]["areas"] == ["SY-LA", "SY-TA"]


def test_areas_of_two_countries_lie_in_either() -> None:
    text = TOGETHER + "SY+LB,SY-LA + LB-AK,,2025-03-11,SNHR,5\n"

    assert figures(text)["killed"]["areas"] == ["SY-LA", "LB-AK"]


def test_an_area_in_none_of_the_wider_ones_is_refused() -> None:
    text = TOGETHER + "SY+LB,SY-LA+TR-31,,2025-03-11,SNHR,5\n"

    assert "'TR-31' lies neither in Syria nor Lebanon" in refused(text)["#adm1+code"]


@pytest.mark.parametrize("names", ["Latakia", "Latakia + Homs", "Latakia + Tartus + Homs"])
def test_names_of_other_areas_than_the_codes_are_refused(names: str) -> None:
    text = TOGETHER + f"SY,SY-LA+SY-TA,{names},2025-03-11,SNHR,5\n"

    assert "#adm1+code says Latakia (SY-LA) and Tartous (SY-TA)" in refused(text)["#adm1+name"]


def test_the_area_at_fault_is_named_among_several() -> None:
    text = TOGETHER + "SY,SY-LA+SY-XX,,2025-03-11,SNHR,5\n"

    assert refused(text)["#adm1+code"].startswith("'SY-XX' is the name or code of no")


def test_a_movement_may_go_to_several_areas() -> None:
    text = (
        "#country+code,#loc+dest+code,#date,#date+start,#meta+source,#affected+displaced+flow\n"
        "SY,LB-AK+LB-AS,2025-03-11,2025-03-06,OCHA,500\n"
    )

    assert figures(text)["displaced.flow"]["destination"] == ["LB-AK", "LB-AS"]
