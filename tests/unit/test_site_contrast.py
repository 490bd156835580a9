"""The colours of the pages in both modes: contrasts of WCAG 2.2 AA, worked out from the sheets."""

import re
from importlib.resources import files
from itertools import pairwise

import pytest

TEXT, LARGE = 4.5, 3.0
"""1.4.3: contrast of text; 1.4.11: of what has to be told apart."""

ON_PAPER = ("ink", "soft", "link", "warn", "s0", "s1", "s2", "s3", "s4", "s5")
ON_TINT = ("ink", "soft", "link", "warn")


def colours():
    """The variables of each mode."""
    light, dark = {}, {}
    for name in ("site.css", "figures.css"):
        text = files("tollbook_services.site").joinpath("static", name).read_text()
        dim = re.search(
            r"@media \(prefers-color-scheme: dark\) \{\s*:root \{(.*?)\}\s*\}", text, re.DOTALL
        )
        plain = re.search(r":root \{(.*?)\}", text, re.DOTALL)
        light |= dict(re.findall(r"--(\w[\w-]*): (#\w+)", plain[1]))
        dark |= dict(re.findall(r"--(\w[\w-]*): (#\w+)", dim[1]))
    return {"light": light, "dark": dark}


def luminance(colour):
    """WCAG 2.2, relative luminance."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * one for one in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    """WCAG 2.2, contrast ratio."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_what_the_standard_says():
    assert contrast("#fff", "#000") == pytest.approx(21)
    assert contrast("#777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_texts_can_be_read(mode):
    known = colours()[mode]

    for name in ON_PAPER:
        assert contrast(known[name], known["paper"]) >= TEXT, name
    for name in ON_TINT:
        assert contrast(known[name], known["tint"]) >= TEXT, name
        assert contrast(known[name], known["warn-tint"]) >= TEXT, name
    assert contrast(known["paper"], known["link"]) >= TEXT  # buttons


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_edges_focus_and_hatching_can_be_seen(mode):
    known = colours()[mode]

    for name in ("edge", "focus"):
        assert contrast(known[name], known["paper"]) >= LARGE, name
        assert contrast(known[name], known["tint"]) >= LARGE, name


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_shades_of_the_map_differ_in_lightness_alone_and_in_one_direction(mode):
    known = colours()[mode]
    steps = [contrast(known[f"c{at}"], known["paper"]) for at in range(6)]

    assert all(a * 1.15 < b for a, b in pairwise(steps)), steps
