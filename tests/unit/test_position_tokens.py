"""Position tokens: they name ledger, partition and sequence, and nothing else passes for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tollbook_schemas.errors import UsageError
from tollbook_services.position import LedgerPosition, position_of


@given(st.text("0123456789abcdef", min_size=1), st.integers(0, 1_000), st.integers(0, 2**53))
def test_a_token_is_read_back_as_the_position_it_names(ledger, partition, sequence):
    position = LedgerPosition(ledger, partition, min(sequence, 2**53 - 1))
    assert position_of(position.token()) == position


@pytest.mark.parametrize(
    "text",
    ["", "12", "p1.", "p1.MS4y", "p2.MS4yMi5hYg", "p1.MS4yMi5hYg==", "p1.MS4tMi5hYg"],
)
def test_other_text_is_refused_and_told_where_positions_come_from(text):
    with pytest.raises(UsageError, match="as a receipt, a view or the change feed prints it"):
        position_of(text)
