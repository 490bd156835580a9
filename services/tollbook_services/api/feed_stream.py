"""The response that is a live feed: an ASGI application of its own, as every reader costs."""

import asyncio
from typing import Final

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from tollbook_services.api.connection import ABORT
from tollbook_services.live.ending import GONE, STOPPING
from tollbook_services.live.follow import follow
from tollbook_services.live.hub import SEND_S_MAX, Hub
from tollbook_services.live.place import EntryId
from tollbook_services.live.reader import Reader
from tollbook_services.tasks import end_tasks

MEDIA_TYPE: Final = "text/event-stream"

HEADERS: Final = {
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",
    "Connection": "close",
}
"""Kept by nobody, passed on at once by proxies, and the connection ends with the stream."""


LARGE_BYTES: Final = 64 * 2**10
"""What a connection holds back before it asks for a pause (uvicorn's high-water mark)."""


class FeedStream(Response):
    """Follows the hub until the reader goes, is cut off, or the server stops.

    Nothing is wrapped around the sending, which is most of what many readers cost.
    """

    media_type = MEDIA_TYPE

    def __init__(self, hub: Hub, reader: Reader, after: EntryId) -> None:
        """Take what is followed, by whom, and from where on."""
        super().__init__(headers=HEADERS)
        del self.headers["content-length"]
        self._hub, self._reader, self._after = hub, reader, after

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the stream."""
        reader, loop = self._reader, asyncio.get_running_loop()
        reader.abort = scope.get("extensions", {}).get(ABORT)
        gone = asyncio.create_task(_end_when_gone(reader, receive))

        async def sent(part: bytes) -> None:
            await send(_body(part))
            if (
                len(part) >= LARGE_BYTES
            ):  # with nothing to send, it is only waited until there is room
                await send(_body(b""))

        self._hub.enter(reader)
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            await follow(self._hub, reader, self._after, sent)
            last = reader.ending.sent() if reader.ending else b""
            await send(_body(last, more=False))
        finally:
            self._hub.leave(reader)
            await end_tasks(gone)
            if reader.abort is not None and reader.ending not in (GONE, STOPPING):
                loop.call_later(SEND_S_MAX, reader.abort)


async def _end_when_gone(reader: Reader, receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    reader.end(GONE)


def _body(part: bytes, *, more: bool = True) -> Message:
    return {"type": "http.response.body", "body": part, "more_body": more}
