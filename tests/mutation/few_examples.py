"""A pytest plugin for mutation runs: property tests made short, repeatable and unshrunk."""

import pytest
from hypothesis import Phase, settings

SHARE = 8
"""One example in so many is kept: thousands are for finding faults, not for seeing a mutant."""
EXAMPLES_MIN = 20


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Gives every property test settings under which equal code gives an equal verdict.

    Hypothesis has no public way to change the settings that a test was decorated with.
    """
    for item in items:
        test = getattr(item, "obj", None)
        chosen = getattr(test, "_hypothesis_internal_use_settings", None)
        if chosen is not None:
            test._hypothesis_internal_use_settings = settings(
                chosen,
                max_examples=max(EXAMPLES_MIN, chosen.max_examples // SHARE),
                database=None,
                derandomize=True,
                phases=[Phase.explicit, Phase.generate],
            )
