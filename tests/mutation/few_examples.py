"""A pytest plugin for mutation runs: property tests made short, repeatable and unshrunk."""

import pkgutil
import sys
from importlib import import_module

import pytest
from hypothesis import HealthCheck, Phase, settings

import tollbook_projections
import tollbook_schemas

SHARE = 8
"""One example in so many is kept: thousands are for finding faults, not for seeing a mutant."""
EXAMPLES_MIN = 20
STILLBORN = "stillborn"
"""What is printed of a mutant that cannot even be imported: no test is needed to see it."""


def pytest_configure() -> None:
    """Ends the run of a mutant that cannot be imported; `report.py` does not count it."""
    try:
        for package in (tollbook_schemas, tollbook_projections):
            for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
                import_module(module.name)
    except Exception as error:  # noqa: BLE001 - a mutant may raise anything
        # Cosmic Ray keeps what goes to the standard output, and `pytest.exit` says it elsewhere.
        print(f"{STILLBORN}: {error!r}", file=sys.__stdout__, flush=True)
        pytest.exit(STILLBORN, returncode=pytest.ExitCode.INTERNAL_ERROR)


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
                deadline=None,  # a busy machine is no fault of the code
                suppress_health_check=(*chosen.suppress_health_check, HealthCheck.too_slow),
                phases=[Phase.explicit, Phase.generate],
            )
