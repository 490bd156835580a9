"""The made table of names against ISO's own: a name of one area is not given to another."""

import pytest

from tollbook_schemas.area_fold import core, folded, loose
from tollbook_schemas.gazetteer import default_gazetteer

WORLD = default_gazetteer()
SHARED = {
    ("AR-C", "Buenos Aires"): "the city, called as the province around it",
    ("BG-22", "Sofia"): "the capital, called as the province around it",
    ("KG-GO", "Osh"): "the city, called as the region around it",
    ("LV-041", "Jelgava Municipality"): "the municipality around the city",
    ("LV-077", "Rēzekne Municipality"): "the municipality around the city",
    ("LV-106", "Ventspils Municipality"): "the municipality around the city",
    ("PE-LMA", "Lima"): "the city, called as the region around it",
    ("UA-32", "Kyiv"): "the region, called as the city in it",
    ("US-DC", "Washington"): "the capital, called as the state",
}
"""Usual names of first-level areas that ISO gives to another one of the country, and why."""


def key(name: str) -> str:
    """What of a name is left without words of kind, articles and spaces."""
    return loose(core(folded(name)))


def test_no_usual_name_of_an_area_is_what_iso_calls_another_but_those_that_were_judged() -> None:
    """Given names that were moved from area to area in a source, then they are not in the table."""
    first = [area for area in WORLD.areas() if area.level == 1]
    owners: dict[tuple[str | None, str], set[str]] = {}
    for area in first:
        for name in (area.name, *WORLD.names(area.code)):
            owners.setdefault((area.parent, key(name)), set()).add(area.code)

    usual = WORLD.spoken().usual
    found = {
        (area.code, name)
        for area in first
        for name in usual.get(area.code, ())
        if area.code not in owners.get((area.parent, key(name)), {area.code})
    }

    assert found == SHARED.keys()


@pytest.mark.parametrize(
    ("text", "inside", "code"),
    [
        ("Moskovskaya", "RU", "RU-MOS"),
        ("Moskva", "RU", "RU-MOW"),
        ("Kyiv City", "UA", "UA-30"),
        ("Osh City", "KG", "KG-GO"),
        ("Osh Region", "KG", "KG-O"),
        ("Almaty oblysy", "KZ", "KZ-19"),
        ("Almaty City", "KZ", "KZ-75"),
        ("Almaty", "KZ", "KZ-75"),
        ("Cuyuni-Mazaruni Region", "GY", "GY-CU"),
        ("Pomeroon-Supenaam Region", "GY", "GY-PM"),
        ("Upper Demerara-Berbice Region", "GY", "GY-UD"),
        ("Parwan", "AF", "AF-PAR"),
        ("ولاية بروان", "AF", "AF-PAR"),
        ("Panjshir", "AF", "AF-PAN"),
        ("بنجشير", "AF", "AF-PAN"),
        ("ولاية أروزكان", "AF", "AF-URU"),
        ("دايكندي", "AF", "AF-DAY"),
        ("Debub Region", "ER", "ER-DU"),
        ("Provincia de Napo", "EC", "EC-N"),
        ("Provincia del Tungurahua", "EC", "EC-T"),
        ("Altai Republic", "RU", "RU-AL"),
        ("Вологодская область", "RU", "RU-VLG"),
        ("ولاية غليزان", "DZ", "DZ-48"),
        ("จังหวัดเชียงใหม่", "TH", "TH-50"),
        ("Pest megye", "HU", "HU-PE"),
        ("Obcina Podcetrtek", "SI", "SI-092"),
        ("Gharb Dārfūr", "SD", "SD-DW"),
    ],
)
def test_a_name_that_a_source_gives_to_another_area_leads_to_its_own(
    text: str, inside: str, code: str
) -> None:
    area = WORLD.find(text, inside=inside).area

    assert area is not None
    assert area.code == code


def test_a_name_without_a_country_is_the_clear_one_of_its_kind() -> None:
    found = {text: WORLD.find(text).area for text in ("Moskovskaya", "Kyiv City", "Osh City")}

    assert {text: area and area.code for text, area in found.items()} == {
        "Moskovskaya": "RU-MOS",
        "Kyiv City": "UA-30",
        "Osh City": "KG-GO",
    }
