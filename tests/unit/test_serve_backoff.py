"""How long a dead child waits before it is started again."""

from tollbook_services.child import RESTART_FIRST_S, RESTART_MAX_S, STEADY_S, Backoff


def test_short_lives_double_the_wait_up_to_its_limit():
    backoff = Backoff()
    waits = [backoff.after(0.1) for _ in range(12)]
    assert waits[:3] == [RESTART_FIRST_S, RESTART_FIRST_S * 2, RESTART_FIRST_S * 4]
    assert waits[-1] == RESTART_MAX_S


def test_a_steady_life_brings_the_wait_back_to_its_beginning():
    backoff = Backoff()
    for _ in range(12):
        backoff.after(0.1)
    assert backoff.after(STEADY_S) == RESTART_FIRST_S
