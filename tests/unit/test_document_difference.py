"""Two documents side by side: the smallest fields that differ, each with its pointer."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tollbook_services.document_difference import ABSENT, Difference, differences

documents = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from(["", "a"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab/~"), inner),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("left", "right", "found"),
    [
        ({"a": 1, "b": 2}, {"a": 1, "b": 3}, [Difference("/b", 2, 3)]),
        ({"a": [1, 2]}, {"a": [1, 3, 4]}, [("/a/1", 2, 3), ("/a/2", ABSENT, 4)]),
        ({"a": None}, {}, [("/a", None, ABSENT)]),
        ({"a": {"x": 1}}, {"a": [1]}, [("/a", {"x": 1}, [1])]),
        ({"a/b": {"~": 1}}, {"a/b": {"~": 2}}, [("/a~1b/~0", 1, 2)]),
        ({"a": 1}, {"a": True}, [("/a", 1, True)]),
        (1, 2, [("", 1, 2)]),
    ],
)
def test_fields_that_differ_are_told_with_both_sides(left: Any, right: Any, found: Any) -> None:
    wanted = [one if isinstance(one, Difference) else Difference(*one) for one in found]

    assert list(differences(left, right)) == wanted


@given(left=documents, right=documents)
def test_a_document_equals_itself_and_every_difference_turns_around(left: Any, right: Any) -> None:
    assert list(differences(left, left)) == []
    there = {one.pointer: (one.left, one.right) for one in differences(left, right)}
    back = {one.pointer: (one.right, one.left) for one in differences(right, left)}
    assert there == back
