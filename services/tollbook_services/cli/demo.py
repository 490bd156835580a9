"""`demo`: a real crisis, published bulletin by bulletin into a ledger of its own."""

from dataclasses import replace
from pathlib import Path
from typing import Final

from tollbook_services import demo as story
from tollbook_services.cli.common import COMMON, Common
from tollbook_services.cli.replay import run_replay
from tollbook_services.render import console
from tollbook_services.wiring import open_tollbook

DEMO_DATA: Final = Path(".tollbook-demo")


async def demo(*, common: Common = COMMON) -> int:
    """Publish a real crisis and watch it become tolls.

    The ledger is .tollbook-demo unless --data or --redis names another: TOLLBOOK_DATA and
    TOLLBOOK_REDIS are not read, so that a demo never writes into a ledger at work.
    """
    chosen = common
    if common.data is None and common.redis is None:
        chosen = replace(common, data=DEMO_DATA)
    if common.format != "table":
        console.note(
            f"the demo prints for people; for {common.format} ask afterwards, for example "
            f"tollbook tolls {story.CRISIS} --format {common.format}"
        )
    settings = chosen.settings()
    async with open_tollbook(settings, create=True) as book:
        return await story.tell(book, run_replay)
