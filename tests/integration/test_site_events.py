"""Pages of events, hostile reports, long series, and everything that can be marked in a line."""

import json
import re
from urllib.parse import urlencode

import pytest
from tests.e2e.cli_kit import clean_environment, told, tollbook
from tests.integration.api_kit import report, served
from tests.integration.site_kit import Seen, chart_lines, words_of

from tollbook_services.site.rendering import PAGE_BYTES_MAX

CRISIS = "flood-2026"
AT = f"/crises/{CRISIS}"
SOURCE = "https://desk.example"
SERIES = "desk|killed|person|all|SY-LA|cumulative"
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>\u202egpj.exe {{ 7*7 }}"


def dated(name, value, day, **data):
    """A report of one cumulative figure as of a day."""
    made = report(name, value)
    made["data"]["published_at"] = day
    made["data"]["figures"][0]["as_of"] = day
    made["data"].update(data)
    return made


def act(what, name, **data):
    """What an editor says about a figure."""
    return {**report(name, 0), "type": f"org.tollbook.figure.{what}.v1", "data": data,
            "time": "2026-04-01T12:00:00Z"}  # fmt: skip


def filled(folder, events):
    """A ledger with some events."""
    data = folder / "ledger"
    file = folder / "events.jsonl"
    file.write_text("".join(json.dumps(event) + "\n" for event in events))
    with clean_environment():
        told("publish", file, "--data", data)
    return data


@pytest.fixture(scope="module")
def told_events(tmp_path_factory):
    figure = f"{SOURCE}/{{}}#k".format
    events = [
        dated("a", 10, "2026-03-01"),
        dated("b", 40, "2026-03-02"),
        dated("c", 30, "2026-03-03"),
        dated("d", 300, "2026-03-04"),
        dated("e", 50, "2026-03-05"),
        dated("f", 60, "2026-03-06"),
        dated("g", 45, "2026-03-07", relayed_by="somebody"),
        act("revised", "d2", figure=figure("d"), kind="correction", reason="a digit too many",
            quantity={"qualifier": "exactly", "value": 35}),
        act("retracted", "f2", figure=figure("f"), reason="counted twice"),
        act("reviewed", "e2", figure=figure("e"), status="verified", reviewer="the desk",
            reason="two witnesses"),
        act("revised", "c2", figure=figure("c"), kind="definition_change", as_of="2026-03-08",
            quantity={"qualifier": "exactly", "value": 5}, reason="only those identified"),
    ]  # fmt: skip
    with served(filled(tmp_path_factory.mktemp("acts"), events)) as client:
        yield client


def test_marks_say_what_happened_to_values_beside_the_line(told_events):
    text = told_events.get(f"{AT}/series", params={"id": SERIES}).text

    wide = text.partition('class="steps wide"')[2].partition("</svg>")[0]
    marks = re.findall(r'class="mark (\w+)"', wide)
    assert sorted(set(marks)) == [
        "break", "corrected", "retracted", "review", "uncounted", "unexplained_fall"
    ]  # fmt: skip
    (line,) = chart_lines(text)
    assert line.count("M") == 2  # the series breaks once


def test_reasons_stand_in_the_table(told_events):
    text = words_of(Seen(told_events.get(f"{AT}/series", params={"id": SERIES}).text).text)

    for reason in ("a digit too many", "counted twice", "two witnesses", "only those identified"):
        assert reason in text
    assert "300 → became 35" in text
    assert "60 → became taken back" in text
    assert "fell without a reason" in text


def test_by_recorded_time_there_is_a_line_too(told_events):
    answer = told_events.get(f"{AT}/series", params={"id": SERIES, "by": "recorded"})

    assert len(chart_lines(answer.text)) == 1


def test_an_event_that_is_not_sealed_says_so_and_then_has_its_proof(told_events):
    place = _place(told_events)
    before = Seen(told_events.get(f"/events/{place}/1").text)
    assert "Not sealed yet" in before.text

    receipt = told_events.get("/v1/receipts", params={"source": SOURCE, "id": "a"})
    after = Seen(told_events.get("/events", params={"source": SOURCE, "id": "a"}).text)

    lines = receipt.text.split("\n")
    assert "Not sealed yet" not in after.text
    path = lines[3 : lines.index("")]
    assert path
    assert all(one in after.text for one in path)
    assert receipt.text.partition("\n\n")[2].strip() in after.text
    file = next(link for link in after.links if link.startswith("/v1/receipts"))
    assert told_events.get(file).content == receipt.content


def _place(client):
    listed = client.get("/v1/events", params={"source": SOURCE, "id": "a"}).json()["events"]
    return listed[0]["partition"]


def test_an_event_shows_what_it_changed_and_why(told_events):
    seen = Seen(told_events.get("/events", params={"source": SOURCE, "id": "f2"}).text)

    rows = [[words_of(cell) for cell in row] for row in seen.tables[-1]]
    assert ["Killed all, persons", "Latakia", "60 / 60 / 60", "50 / 50 / 50"] in rows
    assert "counted twice" in seen.text
    assert (
        f"/events?{urlencode({'source': SOURCE, 'id': 'f', 'lang': 'en'})}#figure-k" in seen.links
    )


def test_an_event_that_changed_no_number_says_so(told_events):
    seen = Seen(told_events.get("/events", params={"source": SOURCE, "id": "g"}).text)

    assert "No number reads otherwise since" in seen.text


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    events = []
    for n, url in enumerate(
        ("https://good.example/a?b=c&d", "javascript:alert(1)", "https://a.example/\u202egpj.exe",
         "data:text/html,<script>", "//evil.example", "https://user:pass@evil.example/", HOSTILE)
    ):  # fmt: skip
        one = dated(f"h{n}", 10 + n, f"2026-03-{n + 1:02}", title=HOSTILE, url=url)
        one["data"]["relayed_by"] = HOSTILE
        one["data"]["figures"][0]["quantity"]["text"] = HOSTILE
        one["data"]["statements"] = [
            {"id": "s", "speaker": HOSTILE, "kind": "claim", "text": HOSTILE, "about": ["k"]}
        ]
        events.append(one)
    events.append(
        act("retracted", "r", figure=f"{SOURCE}/h3#k", reason=HOSTILE),
    )
    events.append(
        {**report("i", 0), "type": "org.tollbook.incident.opened.v1",
         "data": {"incident": "one", "title": HOSTILE, "place": HOSTILE, "areas": ["SY-LA"],
                  "window": {"start": "2026-03-01"}}}
    )  # fmt: skip
    data = tmp_path_factory.mktemp("hostile")
    file = data / "events.jsonl"
    file.write_text("".join(json.dumps(event) + "\n" for event in events))
    with clean_environment():
        done = tollbook("publish", file, "--data", data / "ledger")
    assert '"appended"' in done.out
    with served(data / "ledger") as client:
        yield client


@pytest.mark.parametrize(
    "url",
    [
        f"{AT}/series?{urlencode({'id': SERIES})}",
        f"{AT}/figures",
        f"{AT}/figures?area=SY-LA&measure=killed",
        f"{AT}/sources",
        f"{AT}/conflicts",
        f"{AT}/statements",
        f"{AT}/incidents",
        f"{AT}/changes",
        f"/events?{urlencode({'source': SOURCE, 'id': 'h0'})}",
        f"/events?{urlencode({'source': SOURCE, 'id': 'r'})}",
        f"{AT}/explain?{urlencode({'cell': 'killed|person|count|area|SY-LA|all||'})}",
    ],
)
def test_what_strangers_wrote_is_text_and_nothing_else(hostile, url):
    answer = hostile.get(url)

    assert answer.status_code == 200, answer.text
    seen = Seen(answer.text)
    assert seen.faults == []
    assert "<script>" not in answer.text
    assert "<img" not in answer.text
    assert "\u202e" not in answer.text
    assert "49" not in re.findall(r"exe (\d+)", answer.text)
    leads = [link.partition(":")[0] for link in seen.links if not link.startswith(("/", "#"))]
    assert set(leads) <= {"https"}
    assert not any("evil.example" in link for link in seen.links)


def test_an_address_of_the_web_is_a_link_and_another_one_is_text(hostile):
    answer = hostile.get(f"{AT}/series", params={"id": SERIES})

    outside = [link for link in Seen(answer.text).links if link.startswith("http")]
    assert outside == ["https://good.example/a?b=c&d"]


@pytest.fixture(scope="module")
def long(tmp_path_factory):
    events = []
    for n in range(500):
        day = f"{2024 + n // 336}-{n // 28 % 12 + 1:02}-{n % 28 + 1:02}"
        value = {"qualifier": "between", "from": n, "to": n + 50, "value": n + 20}
        one = dated(f"r{n}", 0, day, url=f"https://example.org/{n}?{'x' * 200}")
        one["data"]["figures"][0]["quantity"] = value
        events.append(one)
    with served(filled(tmp_path_factory.mktemp("long"), events)) as client:
        yield client


@pytest.mark.parametrize("by", ["as_of", "recorded"])
def test_a_series_of_five_hundred_steps_is_in_pages_that_lead_on(long, by):
    url, found, pages = f"{AT}/series?{urlencode({'id': SERIES, 'by': by})}", [], 0
    while url:
        answer = long.get(url)
        assert len(answer.content) < PAGE_BYTES_MAX
        seen = Seen(answer.text)
        found += [one for one in seen.ids if re.fullmatch(r"s\d+", one)]
        following = re.search(r'<a rel="next" href="([^"]*)"', answer.text)
        url = following[1].replace("&amp;", "&") if following else None
        pages += 1

    assert found == [f"s{n}" for n in range(1, 501)]
    assert pages > 5


def test_the_list_of_a_long_series_is_small(long):
    cell = urlencode({"cell": "killed|person|count|area|SY-LA|all||"})
    for name in ("changes", f"explain?{cell}", "figures", "sources", "conflicts"):
        assert len(long.get(f"{AT}/{name}").content) < PAGE_BYTES_MAX
