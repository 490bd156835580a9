"""The routers of the pages about figures, sources, events and changes."""

from typing import Final

from tollbook_services.site import figure_pages

ROUTERS: Final = (figure_pages.router,)
