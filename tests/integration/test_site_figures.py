"""Pages of figures, sources, derivations and changes, on the ledger of the demo."""

import re
from itertools import pairwise
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from tests.integration.api_kit import COAST, CRISIS, coast, served
from tests.integration.site_kit import Seen, chart_lines, words_of

from tollbook_services.site.rendering import LANGUAGES, PAGE_BYTES_MAX, catalogue

AT = f"/crises/{CRISIS}"
CIVILIANS = "sohr|killed|person|status=civilian|SY-HI+SY-HM+SY-LA+SY-TA|cumulative"
LATAKIA = "killed|person|count|area|SY-LA|status=civilian||"
SYRIA = "killed|person|count|area|SY|all||"

PAGES = [
    (f"{AT}/figures", {}),
    (f"{AT}/figures", {"measure": "killed"}),
    (f"{AT}/figures", {"measure": "killed", "area": "SY"}),
    (f"{AT}/figures", {"measure": "killed", "area": "SY", "by": "recorded"}),
    (f"{AT}/figures", {"measure": "killed", "area": "SY06+SY-TA", "segment": "civilian"}),
    (f"{AT}/figures", {"measure": "displaced_across_border", "area": "SY"}),
    (f"{AT}/figures", {"measure": "missing", "area": "SY"}),
    (f"{AT}/series", {"id": CIVILIANS}),
    (f"{AT}/series", {"id": CIVILIANS, "by": "recorded"}),
    (f"{AT}/sources", {}),
    (f"{AT}/conflicts", {}),
    (f"{AT}/explain", {"cell": LATAKIA}),
    (f"{AT}/explain", {"cell": SYRIA}),
    (f"{AT}/changes", {}),
    (f"{AT}/changes", {"from": "1:20", "to": "1:22"}),
    (f"{AT}/incidents", {}),
    (f"{AT}/statements", {}),
    (f"{AT}/conflicts", {"known_as_of": "1:9", "as_of": "2025-03-09"}),
    ("/events/1/20", {}),
    ("/events", {"source": "https://desk.tollbook.example", "id": "reporter24-2025-03-09"}),
    ("/status", {}),
]


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with served(coast(tmp_path_factory.mktemp("site"))) as client:
        yield client


def page(client, path, **asked):
    answer = client.get(path, params=asked)
    assert answer.status_code == 200, answer.text
    return Seen(answer.text)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(("path", "asked"), PAGES)
def test_a_page_is_small_sound_and_free_of_inline_code(client, path, asked, lang):
    answer = client.get(path, params={**asked, "lang": lang})

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert len(answer.content) < PAGE_BYTES_MAX
    seen = Seen(answer.text)
    assert seen.faults == []
    assert len(seen.ids) == len(set(seen.ids))
    assert seen.headings[0] == 1
    assert seen.headings.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(seen.headings))
    assert not re.search(r'<(?:link|script|img)[^>]*(?:src|href)="(?:https?:)?//', answer.text)
    assert not re.search(r"\bNone\b(?!\.| of)", seen.text)
    if lang == "ar":
        assert 'dir="rtl"' in answer.text


def test_every_link_inside_leads_somewhere(client):
    found = set()
    for path, asked in PAGES:
        seen = page(client, path, **asked)
        found |= {link.partition("#")[0] for link in seen.links if link.startswith("/")}

    answers = {link: client.get(link).status_code for link in found if "/v1/" not in link}

    assert {link: status for link, status in answers.items() if status != 200} == {}
    assert len(answers) > 100


def test_links_to_a_place_in_a_page_have_it(client):
    for path, asked in PAGES:
        seen = page(client, path, **asked)
        wanted = {link[1:] for link in seen.links if link.startswith("#")}
        assert wanted <= set(seen.ids), path


def test_both_languages_say_the_same_things():
    english, arabic = catalogue("en"), catalogue("ar")

    differing = {key for key in english.keys() ^ arabic.keys() if not key.startswith("segment.")}
    said = {key for key in english.keys() & arabic.keys() if not key.endswith(".one")}
    assert differing == set()
    for key in said:
        assert set(re.findall(r"{\w+}", english[key])) == set(re.findall(r"{\w+}", arabic[key]))


def test_a_series_has_a_row_for_each_step_and_a_line_through_those_that_count(client):
    (told,) = client.get(f"{COAST}/revisions", params={"series": CIVILIANS}).json()["series"]

    answer = client.get(f"{AT}/series", params={"id": CIVILIANS})

    (table,) = Seen(answer.text).tables
    rows = [[words_of(cell) for cell in row] for row in table[1:]]
    assert len(rows) == len(told["revisions"]) == 3
    assert [row[1] for row in rows] == [
        "973",
        "973 → became at least 1,225 +252 “at least 1,225”",
        "at least 1,225 → became 1,383 +158",
    ]
    assert rows[0][0] == "2025-03-10 05:37 published 2025-03-10 recorded " + _minute(told, 0)
    (line,) = chart_lines(answer.text)
    assert line.count("V") == 2
    assert 'class="opened"' in answer.text  # at least 1,225 has no upper limit


def test_a_series_leads_to_its_sources_its_events_and_its_file(client):
    seen = page(client, f"{AT}/series", id=CIVILIANS)

    (told,) = client.get(f"{COAST}/revisions", params={"series": CIVILIANS}).json()["series"]
    for step in told["revisions"]:
        assert step["url"] in seen.links
        assert f"/events/1/{step['sequence']}" in seen.links
    file = next(link for link in seen.links if "format=json" in link)
    assert client.get(file).json()["series"] == [told]


def test_a_series_can_have_its_id_in_the_path(client):
    by_path = client.get(f"{AT}/series/{CIVILIANS.replace('|', '%7C')}")

    assert Seen(by_path.text).tables == page(client, f"{AT}/series", id=CIVILIANS).tables


def test_sources_are_links_that_tell_nothing_and_follow_nothing(client):
    text = client.get(f"{AT}/series", params={"id": CIVILIANS}).text

    outside = re.findall(r'<a href="https?://[^>]*>', text)
    assert outside
    assert all('rel="noopener nofollow external"' in link for link in outside)


def test_every_figure_is_in_the_list(client):
    told = client.get(f"{COAST}/revisions").json()["series"]

    links = page(client, f"{AT}/figures").links

    ids = {parse_qs(urlsplit(link).query)["id"][0] for link in links if "/series?" in link}
    assert ids == {one["id"] for one in told}


@pytest.mark.parametrize(
    ("area", "segment"), [("SY", "all"), ("SY-LA", "civilian"), ("SY-LA", "all")]
)
def test_a_cell_says_the_consolidated_value_and_leads_to_its_derivation(client, area, segment):
    cells = client.get(f"{COAST}/tolls", params={"area": area, "measure": "killed"}).json()["cells"]
    (cell,) = [one for one in cells if (one["area"], one["segment"]) == (area, segment)]
    shown = ["-" if cell[name] is None else f"{cell[name]:,}" for name in ("low", "best", "high")]
    if cell["high"] is None:
        shown[2] = "open"

    seen = page(client, f"{AT}/figures", area=area, measure="killed", segment=segment)

    assert f"Consolidated now: {' / '.join(shown)} (low / best / high" in words_of(seen.text)
    assert f"{AT}/explain?{urlencode({'cell': cell['id']})}" in seen.links


def test_a_cell_has_a_line_for_what_it_came_to_and_for_each_originator(client):
    text = client.get(
        f"{AT}/figures", params={"area": "SY", "measure": "killed", "segment": "civilian"}
    ).text

    wide = text.partition('class="steps wide"')[2].partition("</svg>")[0]
    names = re.findall(r'class="name"[^>]*>([^<]*)<', wide)
    assert set(names) == {"consolidated", "sohr", "snhr", "ohchr"}
    assert 'class="line l0 toll"' in wide


def test_conflicts_show_both_sides_and_what_would_resolve_them(client):
    told = client.get(f"{COAST}/conflicts").json()["conflicts"]

    text = words_of(page(client, f"{AT}/conflicts").text)

    assert len(told) == 4
    assert "stated 1,476" in text
    assert "computed 1,224" in text
    for conflict in told:
        assert conflict["resolve"].replace("`", "") in text


def test_originators_stand_beside_each_other(client):
    seen = page(client, f"{AT}/sources")

    sources = client.get(f"{COAST}/sources").json()["sources"]
    assert [row[0].split()[0] for row in seen.tables[0][1:]] == [
        one["originator"] for one in sources
    ]
    assert "sohr 1,864 / 1,864 / 1,864" in words_of(seen.text)
    assert "The point values are 1,814 apart." in seen.text


@pytest.mark.parametrize("cell", [LATAKIA, SYRIA])
def test_a_derivation_has_every_step_with_its_value_and_every_proof(client, cell):
    told = client.get(f"{COAST}/explain", params={"cell": cell}).json()
    seen, number = [], 1
    while not seen or any(f"page={number}" in link for link in seen[-1].links):
        seen.append(page(client, f"{AT}/explain", cell=cell, page=number))
        number += 1

    links = [link for one in seen for link in one.links]
    text = words_of(" ".join(one.text for one in seen))
    assert [one for one in " ".join(_ids(seen)).split() if one.startswith("step-")] == [
        f"step-{step['n']}" for step in told["steps"]
    ]
    for proof in told["proofs"]:
        assert f"/events/{proof['partition']}/{proof['sequence']}" in links
    for bound in ("low", "best", "high"):
        value = told["value"][bound]["value"]
        shown = "open" if value is None else f"{value:,}"
        assert f"= {shown} the {bound} of this number" in text


def test_changes_are_those_of_the_diff_and_lead_to_both_derivations(client):
    told = client.get(f"{COAST}/diff", params={"from": "1:20", "to": "1:21"}).json()
    assert told["cells"] == []
    told = client.get(f"{COAST}/diff", params={"from": "1:19", "to": "1:20"}).json()

    seen = page(client, f"{AT}/changes", **{"from": "1:19", "to": "1:20"})

    rows = [row for row in seen.tables[0] if len(row) == 4][1:]
    assert len(rows) == len(told["cells"]) > 10
    first = rows[0]
    assert [words_of(cell) for cell in first[1:]] == [
        "Syria", "1,706 / 1,706 / open", "1,864 / 1,864 / open"
    ]  # fmt: skip
    wanted = {"cell": "killed|person|count|area|SY|all||", "known_as_of": "1:19"}
    assert f"{AT}/explain?{urlencode(wanted)}" in seen.links
    before = page(client, f"{AT}/explain", **wanted)
    assert "1,706 / 1,706 / open" in before.text


def test_changes_without_a_moment_are_those_of_the_last_days(client):
    text = words_of(page(client, f"{AT}/changes").text)

    assert "110 numbers read otherwise after 22 events, 1:0 to 1:22." in text


def test_a_page_of_the_past_says_so_and_is_what_was_known(client):
    seen = page(client, f"{AT}/series", id=CIVILIANS, known_as_of="1:18")

    assert "You are looking at the past" in seen.text
    assert len(seen.tables[0]) == 3
    assert f"{AT}/series?{urlencode({'id': CIVILIANS, 'known_as_of': '1:18'})}" in seen.links


def test_a_browser_that_has_a_page_gets_it_once(client):
    first = client.get(f"{AT}/figures")

    again = client.get(f"{AT}/figures", headers={"If-None-Match": first.headers["ETag"]})

    assert again.status_code == 304
    assert client.get(f"{AT}/figures?lang=ar").headers["ETag"] != first.headers["ETag"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{AT}/series?id=nobody", 404),
        (f"{AT}/figures?area=atlantis&measure=killed", 400),
        (f"{AT}/explain?cell=killed%00", 400),
        (f"{AT}/explain?cell=no", 400),
        (f"{AT}/changes?from=1:9&to=1:3", 400),
        ("/crises/nowhere/sources", 404),
        ("/events/1/999", 404),
        ("/events/99/1", 404),
        ("/events?source=a&id=b", 404),
        (f"{AT}/figures?page=0", 422),
    ],
)
def test_what_is_not_there_is_said(client, path, status):
    assert client.get(path, headers={"Accept": "text/html"}).status_code == status


def test_the_status_says_in_words_how_everything_stands(client):
    seen = page(client, "/status")

    assert re.search(
        r"Everything is up to date. The last event was recorded \d+ \w+ ago.", seen.text
    )
    (row,) = [row for row in seen.tables[0] if row[0].strip() == "1"]
    assert words_of(row[1]) == "22"


def _ids(seen):
    return [" ".join(one.ids) for one in seen]


def _minute(told, place):
    return told["revisions"][place]["recorded_at"][:16].replace("T", " ")
