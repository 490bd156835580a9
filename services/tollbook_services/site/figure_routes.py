"""The routers of the pages about figures, sources, events and changes."""

from typing import Final

from tollbook_services.site import (
    account_pages,
    change_pages,
    event_pages,
    explain_pages,
    figure_pages,
    source_pages,
    status_pages,
)

ROUTERS: Final = (
    figure_pages.router,
    source_pages.router,
    explain_pages.router,
    change_pages.router,
    account_pages.router,
    event_pages.router,
    status_pages.router,
)
