"""R15: which figures of a report say how many persons its households were."""

from typing import Any

from figures_builder import between, fig, on_cells, report

from tollbook_projections.filing import Document


def fled(name: str, value: Any, unit: str) -> Document:
    return fig(name, value, "SY-LA", measure="displaced", unit=unit, pair="p")


def test_persons_without_a_point_make_no_ratio() -> None:
    cells = on_cells(
        report("a", 8, fled("h", 300, "household"), fled("n", between(9, 99), "person"))
    )

    (found,) = [one for one in cells if one["unit"] == "household" and one["area"] == "SY-LA"]
    assert found["persons"]["rule"] == "generic-5"
    assert found["persons"]["best"] == 1500
