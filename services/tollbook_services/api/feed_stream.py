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

LAST_WORDS_S_MAX: Final = 1.0
"""How long a connection may take for its last bytes when the server stops."""


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
        self._hub.enter(reader)
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            await follow(self._hub, reader, self._after, lambda part: send(_body(part)))
            last = reader.ending.sent() if reader.ending else b""
            await send(_body(last, more=False))
        finally:
            self._hub.leave(reader)
            await end_tasks(gone)
            if reader.abort is not None and reader.ending != GONE:
                patience_s = LAST_WORDS_S_MAX if reader.ending == STOPPING else SEND_S_MAX
                loop.call_later(patience_s, reader.abort)


async def _end_when_gone(reader: Reader, receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    reader.end(GONE)


def _body(part: bytes, *, more: bool = True) -> Message:
    return {"type": "http.response.body", "body": part, "more_body": more}
