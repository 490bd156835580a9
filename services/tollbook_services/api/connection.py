"""uvicorn's connection, with a way to end it although the other side takes nothing any more."""

from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

ABORT: Final = "tollbook.abort"
"""The ASGI extension: a callable that drops the connection with all that waits to be sent.
To close it is not enough: that waits until the other side has taken everything, so for ever."""


class Connection(HttpToolsProtocol):
    """As uvicorn's, and tells the application how to drop it."""

    def on_message_begin(self) -> None:
        """A request begins: its scope says how."""
        super().on_message_begin()
        self.scope["extensions"] = {ABORT: self.transport.abort}  # type: ignore[dict-item]
