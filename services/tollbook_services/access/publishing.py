"""Which events a caller may publish."""

from tollbook_schemas.errors import Fault
from tollbook_schemas.parse import ParsedEvent
from tollbook_services.access.principal import Principal


def faults_of_publishing(caller: Principal, event: ParsedEvent) -> tuple[Fault, ...]:
    """Why a caller may not publish an event; empty where it may."""
    if caller.sources is None or event.key[0] in caller.sources:
        return ()
    return (Fault("/source", f"{caller.name} may not publish under {event.key[0]!r}"),)
