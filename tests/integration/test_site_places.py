"""Pages about places, as a browser without scripts gets them."""

import json
import re
from html.parser import HTMLParser
from importlib.resources import files
from itertools import pairwise
from urllib.parse import urlencode

import pytest
from tests.integration.api_kit import CRISIS, coast, report, served

from tollbook_services.access.roles import Role
from tollbook_services.access.tokens import Tokens
from tollbook_services.site.rendering import LANGUAGES, PAGE_BYTES_MAX

PAGES = (
    "/", f"/crises/{CRISIS}", f"/crises/{CRISIS}?measure=killed&segment=civilian",
    f"/crises/{CRISIS}?as_of=2025-03-09", f"/crises/{CRISIS}/areas/SY-LA",
    f"/crises/{CRISIS}/areas/SY", f"/crises/{CRISIS}/displacement", "/login",
)  # fmt: skip
VOID = {"meta", "link", "br", "input", "rect", "line", "path", "circle", "img", "hr"}


class Read(HTMLParser):
    """What a page has: it fails on elements that are not closed in order."""

    def __init__(self, text):
        super().__init__()
        self.open, self.links, self.numbers, self.ids, self.headings = [], [], [], [], []
        self.faults, self.labels, self.fields = [], set(), {}
        self.feed(text)
        assert not self.open

    def handle_startendtag(self, tag, attrs):
        self.seen(tag, dict(attrs))

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.seen(tag, given)
        if tag not in VOID or (tag == "path" and self.open[-1:] == ["a"]):
            self.open.append(tag)

    def seen(self, tag, given):
        self.faults += [f"{tag} {name}" for name in given if name == "style" or name[:2] == "on"]
        if tag in {"script", "style"} and "src" not in given:
            self.faults.append(tag)
        if "id" in given:
            self.ids.append(given["id"])
        if tag == "a":
            self.links.append(given["href"])
        if tag == "label":
            self.labels.add(given["for"])
        if tag in {"input", "select"} and given.get("type") != "hidden":
            self.fields[given["id"]] = tag
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))

    def handle_endtag(self, tag):
        if tag not in VOID or self.open[-1:] == [tag]:
            assert self.open.pop() == tag


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with served(coast(tmp_path_factory.mktemp("site"))) as client:
        yield client


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("url", PAGES)
def test_a_page_is_small_sound_and_free_of_inline_code(client, url, lang):
    answer = client.get(url, params={"lang": lang} if "?" not in url else None)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert len(answer.content) < PAGE_BYTES_MAX
    found = Read(answer.text)
    assert found.faults == []
    assert len(found.ids) == len(set(found.ids))
    assert found.fields.keys() <= found.labels
    assert found.headings[0] == 1
    assert all(b <= a + 1 for a, b in pairwise(found.headings))
    assert not re.search(r'(?:src|href)="(?:https?:)?//', answer.text)


def test_each_link_to_a_place_leads_somewhere(client):
    seen, waiting = set(), ["/"]
    while waiting:
        url = waiting.pop()
        if url in seen or url.startswith(("#", "/status")) or len(seen) > 80:
            continue
        seen.add(url)
        answer = client.get(url)
        if not re.search(r"/(sources|conflicts|changes|incidents|statements|explain|figures)", url):
            assert answer.status_code == 200, url
        if answer.headers["content-type"].startswith("text/html") and answer.status_code == 200:
            waiting += [one for one in Read(answer.text).links if one.startswith("/")]
    assert any("format=geojson" in url for url in seen)


def test_the_numbers_are_those_of_the_view_and_link_to_their_derivation(client):
    cells = client.get(f"/v1/crises/{CRISIS}/tolls?measure=killed").json()["cells"]
    text = client.get(f"/crises/{CRISIS}?measure=killed&segment=all").text

    for cell in cells:
        if cell["segment"] == "all":
            low, best, high = (cell[one] for one in ("low", "best", "high"))
            shown = [f"{low:,}", "-" if best is None else f"{best:,}"]
            shown.append("open" if high is None else f"{high:,}")
            url = re.escape(urlencode({"cell": cell["id"]}))
            row = ".*".join(rf'explain\?{url}"[^>]*>{re.escape(one)}</a>' for one in shown)
            assert re.search(row, text), cell["id"]


def test_no_report_is_hatched_and_not_zero(client):
    text = client.get(f"/crises/{CRISIS}").text

    assert text.count('<path class="none"') == 10
    assert 'aria-label="Aleppo: no report"' in text
    assert 'aria-label="Latakia: low 683, best none, high 1,164"' in text
    assert 'aria-label="Hama: low 255, best 255, high 779"' in text


def test_the_past_says_that_it_is_past_and_a_permanent_link_stays(client):
    now = client.get(f"/crises/{CRISIS}").text
    pinned, *_ = re.findall(r'href="(/[^"]*known_as_of=1%3A22)"', now)
    past = client.get(f"/crises/{CRISIS}?known_as_of=1:9")

    assert "You are looking at the past" not in now
    assert "recorded up to 1:9" in past.text
    assert client.get(pinned).status_code == 200


def test_arabic_is_written_from_the_right_with_arabic_names(client):
    text = client.get(f"/crises/{CRISIS}?lang=ar").text

    assert '<html lang="ar" dir="rtl">' in text
    assert "محافظة اللاذقية" in text
    assert "قتلى" in text
    assert f'href="/crises/{CRISIS}/areas/SY-LA?lang=ar' in text


def test_both_languages_have_every_word():
    folder = files("tollbook_services.site").joinpath("words")
    ours = [one.name for one in folder.iterdir() if one.name.startswith("en")]
    assert len(ours) >= 3
    for name in ours:
        english = json.loads(folder.joinpath(name).read_bytes())
        arabic = json.loads(folder.joinpath("ar" + name[2:]).read_bytes())
        named = {key for key in english.keys() ^ arabic.keys() if not key.startswith("segment.")}
        assert named == set(), name
        for key in english.keys() & arabic.keys():
            known, used = (set(re.findall(r"{\w+}", one[key])) for one in (english, arabic))
            assert used <= known, key
            assert used or not known or key.endswith(".one"), key  # "ساعة واحدة" needs no number


def test_strangers_texts_are_shown_and_never_run(tmp_path):
    with served(tmp_path / "ledger", open_reading=False) as client:
        running = client.app.state.running
        hostile = report("h", 3)
        hostile["data"]["figures"][0]["segment"] = {"group": "a_b"}
        hostile["data"]["originator"] = "x"
        hostile["data"]["title"] = "<script>alert(1)</script>\u202e"
        _, token = client.portal.call(Tokens(running.book.redis).create, "a", Role.ADMIN)
        headers = {"Authorization": f"Bearer {token}"}
        assert client.post("/v1/events", headers=headers, json=hostile).status_code == 200
        for url in ("/crises/flood-2026", "/crises/flood-2026?segment=<script>", "/crises/<b>"):
            answer = client.get(url, headers={**headers, "Accept": "text/html"})
            assert not re.search("<script(?! src=)", answer.text)
            assert "<b>" not in answer.text


@pytest.mark.parametrize(
    ("url", "status", "said"),
    [
        ("/crises/nowhere", 404, f"known are {CRISIS}"),
        (f"/crises/{CRISIS}?as_of=soon", 400, "RFC 3339"),
        (f"/crises/{CRISIS}/areas/XX", 400, "no area"),
        ("/nothing", 404, "Not Found"),
    ],
)
def test_an_error_is_a_page_for_a_browser_and_a_problem_for_a_program(client, url, status, said):
    page = client.get(url, headers={"Accept": "text/html,*/*;q=0.8"})
    problem = client.get(url)

    assert page.status_code == problem.status_code == status
    assert said in page.text.replace("&#39;", "'")
    assert Read(page.text).headings == [1]
    assert said in problem.json()["detail"]


def test_signing_in_keeps_the_token_where_scripts_cannot_read_it(tmp_path):
    with served(coast(tmp_path), open_reading=False) as client:
        redis = client.app.state.running.book.redis
        _, token = client.portal.call(Tokens(redis).create, "a", Role.READER)
        client.follow_redirects = False
        refused = client.get("/", headers={"Accept": "text/html"})
        wrong = client.post("/login", data={"token": "tb_a_b"})
        right = client.post("/login", data={"token": token})
        inside = client.get("/")
        out = client.post("/logout")
        after = client.get("/")

    assert refused.status_code == 401
    assert 'href="/login' in refused.text
    assert (wrong.status_code, "set-cookie" in wrong.headers) == (401, False)
    assert (right.status_code, inside.status_code) == (303, 200)
    cookie = right.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert (out.status_code, after.status_code) == (303, 401)


def test_files_of_the_pages_are_kept_for_ever_under_a_name_of_their_content(client):
    (url,) = re.findall(r'href="(/static/[^"]+\.css)"', client.get("/").text)
    answer = client.get(url)

    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert client.get("/static/000000000000/site.css").status_code == 404
    assert client.get("/static/x/../../etc/passwd").status_code == 404
