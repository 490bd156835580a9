"""A server has a file for each reader that it may have, where the system allows it."""

import resource

import pytest

from tollbook_services.api.serving import allow_readers

INFINITY = resource.RLIM_INFINITY


@pytest.mark.parametrize(
    ("limits", "raised", "warned"),
    [
        ((1_024, 20_000), (2_512, 20_000), False),
        ((256, INFINITY), (2_512, INFINITY), False),
        ((1_024, 1_500), (1_500, 1_500), True),
        ((4_096, 4_096), None, False),
        ((INFINITY, INFINITY), None, False),
    ],
)
def test_the_limit_of_open_files_is_raised_as_far_as_it_can_be(
    monkeypatch, capsys, limits, raised, warned
):
    done = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: limits)
    monkeypatch.setattr(resource, "setrlimit", lambda _, given: done.append(given))
    allow_readers(2_000)
    assert done == ([] if raised is None else [raised])
    told = capsys.readouterr()
    assert ("too few open files" in told.out + told.err) == warned
