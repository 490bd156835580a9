"""Pages about places where there is much to show: a world of areas, many crises, hostile names."""

import json
import re

import pytest
from tests.e2e.cli_kit import clean_environment, told
from tests.integration.api_kit import CRISIS, coast, report, served
from tests.integration.site_kit import Seen, words_of

from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_services.site.rendering import PAGE_BYTES_MAX

WIDE = "flood-2026"
COUNTRIES = ("SY", "LB", "TR", "SI", "RU", "US", "JP", "FR")
HOSTILE = "<script>alert(1)</script>\"'\u202egpj.exe{{7*7}}"
LONG = "&as_of=2026-03-01T23:59:59Z&published_as_of=2026-03-02T00:00:00Z&policy=default/v1"


def filled(folder, events):
    """A ledger with some events."""
    file = folder / "events.jsonl"
    file.write_text("".join(json.dumps(event) + "\n" for event in events))
    with clean_environment():
        told("publish", file, "--data", folder / "ledger")
    return folder / "ledger"


def figures(areas, **more):
    """A figure for each area, of all people and of two groups."""
    segments = ({}, {"status": "civilian"}, {"status": "combatant", "group": "state_security"})
    return [
        report("x", 1)["data"]["figures"][0]
        | {"id": f"f{number}", "areas": one if isinstance(one, list) else [one],
           "segment": segments[number % 3],
           "quantity": {"qualifier": "at_least" if number % 2 else "exactly", "value": number}}
        | more
        for number, one in enumerate(areas)
    ]  # fmt: skip


def of(name, originator, some, **envelope):
    """A report of an originator."""
    made = report(name, 1, **envelope)
    made["data"] |= {"originator": originator, "figures": some}
    return made


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    inner = [code for one in COUNTRIES for code in default_gazetteer().children(one)]
    pairs = [[a, b] for a, b in zip(inner[::9], inner[4::9], strict=False)]
    crowd = figures([inner[number : number + 400] for number in (0, 5, 10)], status="disputed")
    moved = [
        one
        | {"id": f"m{one['id']}", "measure": "displaced_across_border", "basis": "flow",
           "origin": one["areas"], "destination": ["LB"]}
        for one in figures([*inner[:150], inner[:300]])
    ]  # fmt: skip
    events = [of("m", "movers", moved), of("w", "crowd", crowd)]
    for who in range(3):
        name = f"originator-with-a-long-name-{who}".ljust(64, "x")
        events += [
            of(f"a{who}-{at}", name, figures(inner[at : at + 90]))
            for at in range(0, len(inner), 90)
        ]
        events.append(of(f"p{who}", name, figures(pairs[:90])))
    events += [
        of(f"c{number}", "desk", figures(["SY-LA"]), subject=f"crisis-{number:02}")
        for number in range(40)
    ]
    with served(filled(tmp_path_factory.mktemp("wide"), events)) as client:
        yield client


@pytest.mark.parametrize("lang", ["en", "ar"])
@pytest.mark.parametrize(
    "url",
    [
        f"/crises/{WIDE}?x=1", f"/crises/{WIDE}?page=9&beside=3", f"/crises/{WIDE}?x=1{LONG}",
        f"/crises/{WIDE}/areas/SI?x=1{LONG}", f"/crises/{WIDE}/areas/RU?page=2",
        f"/crises/{WIDE}/areas/SY-LA?x=1", f"/crises/{WIDE}/displacement?page=2",
        f"/crises/{WIDE}/displacement?x=1{LONG}", "/?page=2", "/?x=1",
    ],
)  # fmt: skip
def test_a_page_stays_small_whatever_there_is_to_show(wide, url, lang):
    answer = wide.get(f"{url}&lang={lang}")
    page = Seen(answer.text)

    assert answer.status_code == 200, answer.text
    assert len(answer.content) < PAGE_BYTES_MAX
    assert page.faults == []
    assert len(page.ids) == len(set(page.ids))


def test_hostile_names_of_areas_and_titles_are_shown_and_never_run(tmp_path):
    made = of("h", "desk", figures(["SY99"]))
    made["data"]["title"] = HOSTILE
    named = {
        "specversion": "1.0", "type": "org.tollbook.gazetteer.published.v1", "id": "g",
        "source": "https://desk.example", "subject": WIDE, "time": "2026-02-01T00:00:00Z",
        "data": {"gazetteer": "ours/1", "country": "SY", "valid_from": "2020-01-01",
                 "reason": "a new area",
                 "areas": [{"code": "SY99", "name": HOSTILE, "level": 1, "parent": "SY"}]},
    }  # fmt: skip
    with served(filled(tmp_path, [named, made])) as client:
        for url in (f"/crises/{WIDE}", f"/crises/{WIDE}/areas/SY99"):
            text = client.get(url).text
            assert "&lt;script&gt;alert(1)" in text, url
            assert "<script>" not in text
            assert "\u202e" not in text
            assert "exe49" not in text
            assert Seen(text).faults == []


def following(text):
    """The address of the next rows."""
    found = re.findall(r'<a href="([^"]*)" rel="next"', text)
    return found[0].replace("&amp;", "&") if found else None


def numbers_of(text, column):
    """The numbers of a column of the first table of areas, or of all tables of movements."""
    rows = [row for table in Seen(text).tables for row in table if len(row) > column]
    return [row[column] for row in rows if re.fullmatch(r"[\d,]+", row[column])]


def test_every_movement_is_on_one_of_the_pages_and_on_no_second_one(wide):
    cells = wide.get(f"/v1/crises/{WIDE}/displacement").json()["cells"]
    wanted = [f"{one['low']:,}" for one in cells if one["segment"] == "all"]
    found, at, pages = [], f"/crises/{WIDE}/displacement", 0
    while at:
        text = wide.get(at).text
        found += numbers_of(text, 2)
        at, pages = following(text), pages + 1
    assert pages > 1
    assert sorted(found) == sorted(wanted)


def test_every_area_is_on_one_of_the_pages_and_on_no_second_one(wide):
    cells = wide.get(f"/v1/crises/{WIDE}/tolls").json()["cells"]
    wanted = [one["area"] for one in cells if (one["kind"], one["segment"]) == ("area", "all")]
    found, page, more = [], 0, True
    while more:
        page += 1
        text = wide.get(f"/crises/{WIDE}?page={page}").text
        table = text.partition('<table class="cards"')[2].partition("</table>")[0]
        found += re.findall(r"<small>([A-Z]{2}[-\w]*)</small></th>", table)
        more = f'page={page + 1}" rel="next"' in text
    assert len(found) > 400
    assert sorted(found) == sorted(wanted)


def test_all_crises_are_listed_page_by_page_with_their_last_event(wide):
    at, names, places = "/", [], []
    while at:
        text = wide.get(at).text
        names += re.findall(r'scope="rowgroup"><a[^>]*>([^<]+)', text)
        places += re.findall(r'Last event <a href="(/events/[^"]+)"', text)
        at = following(text)
    assert len(set(places)) == len(places) == 41
    assert wide.get(places[0]).status_code == 200
    assert names == sorted([*(f"crisis-{number:02}" for number in range(40)), WIDE])


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with served(coast(tmp_path_factory.mktemp("places"))) as client:
        yield client


def test_the_list_of_crises_has_the_headline_numbers_of_the_views(client):
    (table,) = Seen(client.get("/").text).tables
    cells = client.get(f"/v1/crises/{CRISIS}/tolls?measure=killed&area=SY").json()["cells"]
    (whole,) = [one for one in cells if (one["area"], one["segment"]) == ("SY", "all")]

    killed = next(row for row in table if row[0].startswith("Killed"))
    assert killed[2:4] == [f"{whole['low']:,}", f"{whole['best']:,}"]
    assert killed[4] == ("open" if whole["high"] is None else f"{whole['high']:,}")
    families = next(row for row in table if "families" in row[0])
    assert families[2:5] == ["1,791", "1,791", "1,791"]


def test_each_number_of_an_area_leads_to_its_derivation_by_originator_too(client):
    text = client.get(f"/crises/{CRISIS}/areas/SY-LA").text
    urls = {one.replace("&amp;", "&") for one in re.findall(r'href="([^"]*explain[^"]*)"', text)}
    own = [one for one in urls if "originator=" in one]

    assert len(own) > 10
    for url in urls:
        assert client.get(url).status_code == 200, url


def test_an_area_shows_what_was_counted_for_it_and_others_together(client):
    page = Seen(client.get(f"/crises/{CRISIS}/areas/SY-LA?as_of=2025-03-08").text)

    assert "Counted together with other areas" in page.text
    rows = [row for table in page.tables for row in table if "Latakia + Tartous" in row[1:2]]
    assert ["958"] in [row[3:4] for row in rows]  # 1,018 less the 60 of Banyas


def test_an_area_without_a_report_says_so_and_does_not_say_zero(client):
    page = Seen(client.get(f"/crises/{CRISIS}/areas/SY-HL").text)

    assert "No report about this area" in page.text
    assert "not zero" in page.text


def test_an_area_with_nothing_reported_inside_has_no_heading_for_it(client):
    inside = [client.get(f"/crises/{CRISIS}/areas/{one}").text for one in ("SY", "SY-HI")]

    assert [">Inside it<" in text for text in inside] == [True, False]


def test_movements_show_the_check_that_fails_with_both_numbers(client):
    text = words_of(Seen(client.get(f"/crises/{CRISIS}/displacement").text).text)

    assert "1 of 1 stated sums and bounds do not hold" in text
    assert "stated low 1,476, best 1,476, high 1,476, computed low 1,224" in text


@pytest.mark.parametrize("path", ["", "/areas/SY-LA", "/displacement"])
def test_a_page_that_has_not_changed_is_not_sent_again(client, path):
    url = f"/crises/{CRISIS}{path}"
    tag = client.get(url).headers["etag"]

    again = client.get(url, headers={"If-None-Match": tag})
    other = client.get(f"{url}?lang=ar", headers={"If-None-Match": tag})

    assert (again.status_code, again.content) == (304, b"")
    assert other.status_code == 200


def test_the_form_of_time_keeps_what_else_was_asked_for(client):
    asked = "measure=killed&segment=civilian&published_as_of=2025-03-12&as_of=2025-03-11T12:00:00Z"
    text = client.get(f"/crises/{CRISIS}?{asked}").text
    form = text.partition('data-head="')[2].partition("</form>")[0]

    assert 'type="text" id="as_of" name="as_of" value="2025-03-11T12:00:00Z"' in form
    for name, value in (("measure", "killed"), ("segment", "civilian"),
                        ("published_as_of", "2025-03-12")):  # fmt: skip
        assert f'name="{name}" value="{value}"' in form


def test_what_is_cited_leads_to_the_same_numbers_with_the_host(client):
    text = client.get(f"/crises/{CRISIS}?as_of=2025-03-09").text
    cited = text.partition('class="cite"')[2]
    (whole,) = re.findall(r">(https?://[^<]+)<", cited)

    assert whole.startswith(str(client.base_url))
    again = client.get(whole.replace("&amp;", "&")).text
    heads = [one.partition('class="heads"')[2].partition("</ul>")[0] for one in (text, again)]
    numbers = [re.findall(r'class="range">([^<]+)', one) for one in heads]
    assert numbers[0] == numbers[1] != []
