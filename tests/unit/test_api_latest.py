"""The newest answer to each question: made once at a time, given on while the next takes long."""

import asyncio

import pytest

from tollbook_services.api import latest
from tollbook_services.api.latest import Latest
from tollbook_services.api.standing import Standing

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"


def at(sequence: int) -> Standing:
    return Standing(0, sequence, None, f"mark {sequence}")


class Work:
    """Works answers out, each when a test says so."""

    def __init__(self) -> None:
        self.begun = 0
        self.go = asyncio.Event()

    async def __call__(self) -> str:
        self.begun += 1
        number = self.begun
        await self.go.wait()
        return f"answer {number}"


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_the_same_question_at_the_same_position_is_worked_out_once():
    kept, work = Latest(10, len), Work()
    asking = [asyncio.create_task(kept.get("q", at(1), work)) for _ in range(3)]
    await settled()
    work.go.set()

    assert {made.value for made in await asyncio.gather(*asking)} == {"answer 1"}
    assert (await kept.get("q", at(1), work)).value == "answer 1"
    assert work.begun == 1


async def test_an_answer_that_is_quickly_made_is_waited_for():
    kept, work = Latest(100, len), Work()
    work.go.set()
    await kept.get("q", at(1), work)

    made = await kept.get("q", at(2), work)

    assert (made.value, made.standing.sequence) == ("answer 2", 2)


async def test_while_a_slow_one_is_made_the_one_before_is_given_on(monkeypatch):
    monkeypatch.setattr(latest, "LONG_S", -1.0)
    kept, work = Latest(100, len), Work()
    work.go.set()
    await kept.get("q", at(1), work)
    work.go.clear()

    given = [await kept.get("q", at(position), work) for position in (2, 3, 4)]
    exact = asyncio.create_task(kept.get("q", at(4), work, exact=True))
    await settled()
    work.go.set()

    assert {(made.value, made.standing.sequence) for made in given} == {("answer 1", 1)}
    assert (await exact).standing.sequence == 4, "the one that was being made may lack it"
    assert (await kept.get("q", at(4), work)).value == "answer 3"
    assert work.begun == 3


async def test_an_answer_is_given_on_for_some_seconds_only(monkeypatch):
    monkeypatch.setattr(latest, "LONG_S", -1.0)
    monkeypatch.setattr(latest, "STALE_S_MAX", -1.0)
    kept, work = Latest(100, len), Work()
    work.go.set()
    await kept.get("q", at(1), work)

    assert (await kept.get("q", at(2), work)).value == "answer 2"


async def test_a_failure_is_told_to_who_waits_and_is_not_kept():
    kept, work = Latest(100, len), Work()
    work.go.set()

    async def fails() -> str:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await kept.get("q", at(1), fails)
    assert (await kept.get("q", at(1), work)).value == "answer 1"


async def test_what_was_not_asked_for_longest_goes_first():
    kept, work = Latest(20, len), Work()
    work.go.set()
    for question in "ab":
        await kept.get(question, at(1), work)
    await kept.get("a", at(1), work)
    await kept.get("c", at(1), work)

    for question in "ac":
        await kept.get(question, at(1), work)
    assert work.begun == 3
    await kept.get("b", at(1), work)
    assert work.begun == 4
