"""Views over HTTP: the documents of the command line, in formats, in pages, with entity tags."""

import csv
import io
import json
from itertools import pairwise

import pytest
from tests.e2e.cli_kit import clean_environment, told
from tests.integration.api_kit import COAST, CRISIS, coast, served

VIEWS = ("tolls", "displacement", "revisions", "incidents", "sources", "conflicts", "statements")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return coast(tmp_path_factory.mktemp("api"))


@pytest.fixture(scope="module")
def client(data):
    with served(data) as client:
        yield client


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_is_the_document_of_the_command_line(client, data, view):
    answer = client.get(f"{COAST}/{view}")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    with clean_environment():
        assert answer.json() == json.loads(told(view, CRISIS, "--format", "json", "--data", data))


@pytest.mark.parametrize(
    ("view", "parameters", "options"),
    [
        (
            "tolls",
            {"measure": "killed", "area": "SY-LA"},
            ["--measure", "killed", "--area", "SY-LA"],
        ),
        ("tolls", {"as_of": "2025-03-09"}, ["--as-of", "2025-03-09"]),
        ("tolls", {"known_as_of": "9"}, ["--known-as-of", "9"]),
        ("tolls", {"originator": "sohr"}, ["--originator", "sohr"]),
        ("tolls", {"published_as_of": "2025-03-10"}, ["--published-as-of", "2025-03-10"]),
        ("displacement", {"persons": "true"}, ["--persons"]),
        ("revisions", {"measure": "killed"}, ["--measure", "killed"]),
    ],
)
def test_a_question_is_asked_as_on_the_command_line(client, data, view, parameters, options):
    answer = client.get(f"{COAST}/{view}", params=parameters)

    with clean_environment():
        wanted = told(view, CRISIS, *options, "--format", "json", "--data", data)
    assert answer.json() == json.loads(wanted)


@pytest.mark.parametrize("view", ["tolls", "displacement", "revisions"])
@pytest.mark.parametrize("kind", ["csv", "hxl", "geojson", "parquet"])
def test_a_file_is_that_of_the_export(client, data, tmp_path, view, kind):
    answer = client.get(f"{COAST}/{view}", params={"format": kind})

    if (view, kind) == ("revisions", "geojson"):
        assert answer.status_code == 422
        return
    with clean_environment():
        told("export", view, CRISIS, "--format", kind, "--out", tmp_path / "f", "--data", data)
    assert answer.content == (tmp_path / "f").read_bytes()
    ending = "csv" if kind == "hxl" else kind
    assert answer.headers["content-disposition"] == (
        f'attachment; filename="{CRISIS}-{view}.{ending}"'
    )


@pytest.mark.parametrize("view", ["incidents", "sources", "conflicts", "statements"])
def test_the_other_views_are_there_as_csv(client, view):
    answer = client.get(f"{COAST}/{view}", headers={"Accept": "text/csv"})

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.reader(io.StringIO(answer.text)))
    assert {len(row) for row in rows} == {len(rows[0])}


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("*/*", "application/json"),
        ("", "application/json"),
        ("text/*", "text/csv; charset=utf-8"),
        ("text/csv;q=0.5, application/geo+json", "application/geo+json"),
        ("application/json;q=0, */*;q=0.1", "text/csv; charset=utf-8"),
        ("application/json;q=0.2, text/csv;q=0.3", "text/csv; charset=utf-8"),
        ("text/csv;q=x, application/json", "application/json"),
        ("text/html", None),
        ("application/json;q=0", None),
    ],
)
def test_the_format_is_the_most_welcome_one(client, accept, wanted):
    answer = client.get(f"{COAST}/tolls", headers={"Accept": accept})

    if wanted is None:
        assert answer.status_code == 406
        assert "application/geo+json" in answer.json()["detail"]
    else:
        assert answer.headers["content-type"] == wanted


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("limit", [1, 3, 1000])
def test_pages_are_the_whole_view(client, view, limit):
    whole = client.get(f"{COAST}/{view}").json()
    (name,) = {"cells", "series", *VIEWS} & whole.keys()

    found, url, pages = [], f"{COAST}/{view}?limit={limit}", 0
    while url is not None:
        page = client.get(url)
        found += page.json()[name]
        url = page.links.get("next", {}).get("url")
        assert (url is None) == (page.json()["next"] is None)
        pages += 1

    assert found == whole[name]
    assert pages == max(1, -(-len(whole[name]) // limit))


def test_the_pages_of_an_answer_are_all_of_the_position_of_the_first(tmp_path):
    with served(coast(tmp_path)) as client:
        whole = client.get(f"{COAST}/tolls").json()
        first = client.get(f"{COAST}/tolls?limit=10").json()
        with clean_environment():
            told("retract", whole["cells"][0]["figures"][0], "--reason", "withdrawn",
                 "--source", "https://desk.example", "--data", tmp_path / "ledger")  # fmt: skip

        later = client.get(f"{COAST}/tolls").json()
        rest = client.get(f"{COAST}/tolls?limit=1000&cursor={first['next']}").json()

    assert later["cells"] != whole["cells"]
    assert first["cells"] + rest["cells"] == whole["cells"]
    assert rest["known_as_of"] == whole["known_as_of"]


@pytest.mark.parametrize("cursor", ["x", "WyJh", "W10", "bnVsbA", "", "é", "WyIiLFtdLG51bGxd"])
def test_a_cursor_that_is_none_is_refused(client, cursor):
    answer = client.get(f"{COAST}/tolls", params={"limit": 2, "cursor": cursor})

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["parameter"] == "cursor"


def test_a_cursor_belongs_to_its_question(client):
    cursor = client.get(f"{COAST}/tolls?limit=2").json()["next"]

    assert client.get(f"{COAST}/tolls?limit=9&cursor={cursor}").status_code == 200
    for other in ("tolls?measure=killed&limit=2", "displacement?limit=2"):
        answer = client.get(f"{COAST}/{other}&cursor={cursor}")
        assert answer.status_code == 400
        assert "other parameters" in answer.json()["detail"]


@pytest.mark.parametrize("view", VIEWS)
def test_what_did_not_change_is_not_sent_again(client, view):
    first = client.get(f"{COAST}/{view}")
    tag = first.headers["etag"]

    for given in (tag, f'"other", {tag}', "*", tag.removeprefix("W/")):
        again = client.get(f"{COAST}/{view}", headers={"If-None-Match": given})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
    assert client.get(f"{COAST}/{view}", headers={"If-None-Match": 'W/"9"'}).status_code == 200


def test_an_unchanged_view_is_not_worked_out_again(client, monkeypatch):
    url = f"{COAST}/tolls?area=SY-TA"
    tag = client.get(url).headers["etag"]

    def must_not(*_: object) -> None:
        raise AssertionError("the rows were folded")

    monkeypatch.setattr("tollbook_projections.views.toll_document", must_not)
    assert client.get(url, headers={"If-None-Match": tag}).status_code == 304
    assert client.get(url).status_code == 200, "it is kept"
    assert client.get(f"{url}&measure=killed").status_code == 500, "it was not"


def test_each_answer_of_a_view_has_a_tag_of_its_own(client):
    tags = [
        client.get(f"{COAST}/tolls{query}").headers["etag"]
        for query in (
            "",
            "?format=csv",
            "?area=SY-LA",
            "?area=SY-TA",
            "?limit=2",
            "?as_of=2025-03-09",
        )
    ]
    assert len(set(tags)) == len(tags)


def test_a_tag_changes_with_the_ledger(tmp_path):
    with served(coast(tmp_path)) as client:
        before = client.get(f"{COAST}/conflicts").headers["etag"]
        figure = client.get(f"{COAST}/tolls").json()["cells"][0]["figures"][0]
        with clean_environment():
            told("retract", figure, "--reason", "withdrawn", "--source", "https://desk.example",
                 "--data", tmp_path / "ledger")  # fmt: skip
        answer = client.get(f"{COAST}/conflicts", headers={"If-None-Match": before})

    assert answer.status_code == 200
    assert answer.headers["etag"] != before


@pytest.mark.parametrize(
    ("url", "status", "about", "said"),
    [
        ("tolls?as_of=tomorrow", 400, "as_of", "RFC 3339"),
        ("tolls?known_as_of=1:2:3", 400, "known_as_of", "a sequence"),
        ("tolls?known_as_of=0:2", 400, "known_as_of", "partition"),
        ("tolls?area=XX-9", 400, "area", "no area"),
        ("tolls?originator=nobody", 400, "originator", "known are"),
        ("tolls?min_position=p1.x", 400, "min_position", "no position"),
        ("tolls?measure=dead", 422, "measure", "killed"),
        ("tolls?limit=0", 422, "limit", "greater than or equal to 1"),
        ("tolls?limit=1001", 422, "limit", "less than or equal to 1000"),
        ("tolls?format=xml", 422, "format", "'json', 'csv', 'hxl'"),
        ("revisions?series=x", 404, None, "no series"),
        ("explain", 422, "cell", "required"),
        ("explain?cell=SY-LA&segment=civilian", 400, None, "fits 8 cells"),
        ("nothing", 404, None, "Not Found"),
    ],
)
def test_a_question_that_makes_no_sense_is_answered_with_what_is_wrong(
    client, url, status, about, said
):
    answer = client.get(f"{COAST}/{url}")

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["status"], problem["type"][:27]) == (status, "tag:tollbook.org,2026:probl")
    assert said in problem["detail"]
    assert "--" not in problem["detail"]
    if about is not None:
        assert [fault["parameter"] for fault in problem["errors"]] == [about]


def test_a_crisis_that_is_not_there_is_named_with_those_that_are(client):
    answer = client.get("/v1/crises/syria-coast/tolls")

    assert answer.status_code == 404
    assert CRISIS in answer.json()["detail"]


def test_a_number_is_explained(client):
    cells = client.get(f"{COAST}/tolls?area=SY-LA&measure=killed").json()["cells"]

    for cell in cells:
        answer = client.get(f"{COAST}/explain", params={"cell": cell["id"]})
        assert answer.status_code == 200
        explained = answer.json()
        assert explained["agrees"] is True
        assert [explained["cell"][name] for name in ("low", "best", "high")] == [
            cell[name] for name in ("low", "best", "high")
        ]


def test_a_diff_is_that_of_the_command_line(client, data):
    answer = client.get(f"{COAST}/diff", params={"from": "20"})

    with clean_environment():
        wanted = told("diff", CRISIS, "--from", "20", "--format", "json", "--data", data)
    assert answer.json() == json.loads(wanted)
    wrong = client.get(f"{COAST}/diff", params={"from": "9", "to": "3"})
    assert (wrong.status_code, wrong.json()["errors"][0]["parameter"]) == (400, "from")


def test_crises_areas_and_status(client):
    (crisis,) = client.get("/v1/crises").json()["crises"]
    tolls = client.get(f"{COAST}/tolls").json()
    assert crisis == {
        "crisis": CRISIS,
        "partition": 1,
        "position": tolls["position"],
        "known_as_of": tolls["known_as_of"],
    }
    found = client.get("/v1/areas", params={"q": "اللاذقية"}).json()
    assert (found["code"], found["ambiguous"]) == ("SY-LA", False)
    assert client.get("/v1/areas?q=Nowhereland").json()["areas"] == []
    status = client.get("/v1/status").json()
    assert sum(one["head"] for one in status["partitions"]) == tolls["known_as_of"]["sequence"]


def test_events_are_read_back_in_pages(client, data):
    url, found = f"/v1/events?crisis={CRISIS}&limit=4", []
    while url is not None:
        page = client.get(url)
        found += page.json()["events"]
        url = page.links.get("next", {}).get("url")

    with clean_environment():
        lines = told("events", "--format", "json", "--data", data).splitlines()
    assert found == [json.loads(line) for line in lines]
    assert all(one["sequence"] < two["sequence"] for one, two in pairwise(found))
    ndjson = client.get("/v1/events?limit=1000", headers={"Accept": "application/x-ndjson"})
    assert ndjson.text.splitlines() == lines
    one = client.get(f"/v1/events/{found[3]['partition']}/{found[3]['sequence']}")
    assert one.json() == found[3]
    event = found[3]["event"]
    named = client.get("/v1/events", params={"source": event["source"], "id": event["id"]})
    assert named.json() == {"events": [found[3]], "next": None}


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("/v1/events?source=x", 400),
        ("/v1/events?from=3&to=2", 400),
        ("/v1/events?partition=99", 400),
        ("/v1/events?known_as_of=never", 400),
        ("/v1/events?known_as_of=7", 400),
        ("/v1/events/1/999", 404),
        ("/v1/events/99/1", 404),
        ("/v1/events/1/0", 422),
        ("/v1/receipts?source=a&id=b", 404),
        ("/v1/log/99/checkpoint", 404),
        ("/v1/log/1/tile/9/9/9", 404),
        ("/v1/areas?q=Latakia&inside=zz", 400),
    ],
)
def test_what_is_not_there_is_said(client, url, status):
    answer = client.get(url)
    assert answer.status_code == status
    assert answer.json()["status"] == status


@pytest.mark.parametrize("path", [f"{COAST}/tolls", "/", "/v1/nothing"])
def test_head_is_get_without_the_body(client, path):
    got, head = client.get(path), client.head(path)

    assert (head.status_code, head.content) == (got.status_code, b"")
    kept = ("content-type", "content-length", "etag", "content-security-policy")
    assert [head.headers.get(name) for name in kept] == [got.headers.get(name) for name in kept]


def test_another_method_is_told_which_there_are(client):
    answer = client.put("/v1/events")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, POST")
