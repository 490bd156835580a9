"""The default policy, and the errors that commands end with."""

from dataclasses import FrozenInstanceError

import pytest

from tollbook_schemas.errors import (
    CheckFailedError,
    EngineError,
    Fault,
    InputRefusedError,
    TollbookError,
    UsageError,
)
from tollbook_schemas.policy import Policy, default_policy


def test_the_default_policy_is_the_printed_table() -> None:
    policy = default_policy()

    assert policy.id == "default/v1"
    assert policy.source_rank == ()
    assert dict(policy.lexical) == {
        "several": (3, 9),
        "tens": (10, 99),
        "dozens": (12, 99),
        "scores": (20, 199),
        "hundreds": (100, 999),
        "thousands": (1000, 9999),
    }
    assert policy is default_policy()


def test_a_policy_cannot_be_changed_after_it_was_made() -> None:
    with pytest.raises(FrozenInstanceError):
        default_policy().id = "other/v1"  # type: ignore[misc]
    with pytest.raises(TypeError):
        default_policy().lexical["several"] = (1, 2)  # type: ignore[index]
    assert Policy(id="press/v2", source_rank=("ohchr", "sohr")).source_rank[0] == "ohchr"


def test_every_error_knows_its_exit_code_and_problem() -> None:
    kinds = [UsageError, InputRefusedError, CheckFailedError, EngineError]

    assert [kind.exit_code for kind in kinds] == [2, 3, 4, 5]
    assert len({kind.problem for kind in kinds}) == 4
    assert all(issubclass(kind, TollbookError) for kind in kinds)


def test_a_fault_prints_as_a_receipt_does() -> None:
    assert Fault("/a", "no").document() == {"pointer": "/a", "message": "no"}
