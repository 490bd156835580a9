"""Serves a witness over HTTP: `POST /add-checkpoint` (c2sp.org/tlog-witness), and nothing else."""

from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

import structlog

from tollbook_schemas.errors import TollbookError
from tollbook_services.sealing.witness import Answer, Witness
from tollbook_services.sealing.witness_request import REQUEST_BYTES_MAX

_PATH: Final = "/add-checkpoint"

_LENGTH_DIGITS: Final = len(str(REQUEST_BYTES_MAX))

REQUEST_S_MAX: Final = 10.0
"""Seconds that a client may be silent before its connection is closed."""

_log = structlog.get_logger("tollbook.witness")


class WitnessServer(ThreadingHTTPServer):
    """Answers in a thread for each connection; what is cosigned is decided one by one."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], witness: Witness) -> None:
        """Listen on a host and port (0: any) for requests to a witness."""
        self.witness = witness
        super().__init__(address, _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: WitnessServer
    protocol_version = "HTTP/1.1"
    timeout = REQUEST_S_MAX

    def do_POST(self) -> None:
        """Answer a request."""
        answer = self._refused_unread() or self._answered()
        body = answer.body.encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as in the base class
        """Into the log of the program."""
        _log.info("request", client=self.client_address[0], said=format % args)

    def _refused_unread(self) -> Answer | None:
        """The refusal of a request whose body is not read; its connection is closed then."""
        length = self.headers.get("Content-Length", "")
        self.close_connection = True
        if self.path != _PATH:
            return Answer(HTTPStatus.NOT_FOUND, f"there is only {_PATH}\n")
        if not (length.isascii() and length.isdecimal()):
            return Answer(HTTPStatus.LENGTH_REQUIRED, "say the length of the body\n")
        if len(length) > _LENGTH_DIGITS or int(length) > REQUEST_BYTES_MAX:
            limit = f"a request has {REQUEST_BYTES_MAX} bytes at most\n"
            return Answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, limit)
        self.close_connection = self.headers.get("Connection", "").lower() == "close"
        return None

    def _answered(self) -> Answer:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            return self.server.witness.add_checkpoint(body)
        except TollbookError as error:
            _log.exception("the witness cannot work", error=str(error))
            return Answer(HTTPStatus.INTERNAL_SERVER_ERROR, "the witness cannot work\n")
