"""The projections this version of tollbook builds."""

from collections.abc import Callable

from tollbook_projections.projection import Fold
from tollbook_projections.revisions import RevisionFold
from tollbook_projections.statements import StatementFold
from tollbook_projections.tolls import DisplacementFold, TollFold
from tollbook_schemas.gazetteer import Gazetteer
from tollbook_schemas.policy import Policy


def folds(gazetteer: Gazetteer, policy: Policy) -> tuple[Callable[[], Fold], ...]:
    """One factory for each projection: `tolls`, `displacement`, `revisions`, `statements`.

    Each call of a factory makes an empty fold for one partition.
    """
    return (
        lambda: TollFold(gazetteer, policy),
        lambda: DisplacementFold(gazetteer, policy),
        RevisionFold,
        StatementFold,
    )
