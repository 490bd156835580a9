"""Garbage collection is off for a while, and as it was before afterwards."""

import gc

import pytest

from tollbook_services.collecting import uncollected


@pytest.mark.parametrize("was_on", [True, False])
def test_collecting_is_as_it_was_even_after_an_error(was_on):
    before = gc.isenabled()
    (gc.enable if was_on else gc.disable)()
    try:
        with pytest.raises(ValueError, match="collecting: False"):
            failing()
        assert gc.isenabled() is was_on
    finally:
        (gc.enable if before else gc.disable)()


def failing() -> None:
    with uncollected():
        raise ValueError(f"collecting: {gc.isenabled()}")
