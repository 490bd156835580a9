"""Series of hundreds of steps and corrections are in pages below the limit that lead on."""

import re
from urllib.parse import urlencode

import pytest
from tests.integration.api_kit import served
from tests.integration.site_kit import CRISIS, SERIES, SOURCE, Seen, act, dated, filled

from tollbook_services.site.rendering import PAGE_BYTES_MAX

AT = f"/crises/{CRISIS}"


@pytest.fixture(scope="module")
def corrected(tmp_path_factory):
    events = []
    for n in range(300):
        day = f"2025-{n // 28 + 1:02}-{n % 28 + 1:02}"
        quantity = {"qualifier": "exactly", "value": 100 + n}
        events.append(dated(f"r{n}", 300 + n, day))
        events.append(
            act("revised", f"c{n}", figure=f"{SOURCE}/r{n}#k", kind="correction",
                reason="x" * 1_999, quantity=quantity)
        )  # fmt: skip
    with served(filled(tmp_path_factory.mktemp("corrected"), events)) as client:
        yield client


@pytest.mark.parametrize("by", ["as_of", "recorded"])
def test_a_series_that_was_corrected_hundreds_of_times_stays_small(corrected, by):
    answer = corrected.get(f"{AT}/series", params={"id": SERIES, "by": by})

    assert len(answer.content) < PAGE_BYTES_MAX
    assert "corrected since" in answer.text or by == "recorded"


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
