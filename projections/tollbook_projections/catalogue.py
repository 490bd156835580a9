"""The projections this version of tollbook builds."""

from collections.abc import Callable

from tollbook_projections.figures import FigureFold
from tollbook_projections.projection import Fold
from tollbook_projections.statements import StatementFold
from tollbook_schemas.gazetteer import Gazetteer
from tollbook_schemas.policy import Policy


def folds(gazetteer: Gazetteer, policy: Policy) -> tuple[Callable[[], Fold], ...]:
    """One factory for each projection: `figures` and `statements`.

    Each call of a factory makes an empty fold for one partition.

    Args:
        gazetteer: the built-in areas, which published gazetteers are added to.
        policy: what is in force while no policy was published.
    """
    return (lambda: FigureFold(gazetteer, policy), StatementFold)
