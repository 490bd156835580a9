"""`publish`: append a file's events, print what became of each, wait until they show."""

import gzip
import sys
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO, cast

from cyclopts import Parameter

from tollbook_schemas.errors import InputRefusedError, UsageError
from tollbook_services.cli.common import COMMON, Common
from tollbook_services.ledger import Receipt
from tollbook_services.publish import publish_batches, split_documents
from tollbook_services.render import console, data, words
from tollbook_services.wiring import open_tollbook

_DONE = ("appended", "duplicate")
_GZIP = b"\x1f\x8b"


class Receipts:
    """Prints receipts as they come; a reader who goes away does not stop the publishing."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.heads: dict[int, int] = {}
        self._listening = True

    def show(self, receipts: list[Receipt], ledger: str | None = None) -> None:
        """Print a batch, and remember how far each partition must be visible."""
        for receipt in receipts:
            self.counts[receipt.status] += 1
            if receipt.partition is not None and receipt.sequence is not None:
                head = max(self.heads.get(receipt.partition, 0), receipt.sequence)
                self.heads[receipt.partition] = head
        try:
            for receipt in receipts if self._listening else ():
                data.write_json_line(receipt.document(ledger))
        except BrokenPipeError:
            self._listening = False

    @property
    def refused(self) -> int:
        """Events that were not stored."""
        return sum(count for status, count in self.counts.items() if status not in _DONE)

    def where_kept(self) -> str:
        """Which commands read back what was refused."""
        places = (("rejected", "`tollbook rejected`"), ("quarantined", "`tollbook quarantine`"))
        named = " and ".join(command for status, command in places if self.counts[status])
        return f"what was refused is kept: see {named}"

    def summary(self) -> str:
        """`22 events: 20 appended, 2 duplicate`."""
        kinds = ", ".join(f"{count:,} {status}" for status, count in sorted(self.counts.items()))
        total = words.plural(self.counts.total(), "event")
        return f"{total}: {kinds}" if kinds else "no events in the input"


async def publish(
    file: Annotated[str, Parameter(allow_leading_hyphen=True)],
    *,
    wait: Annotated[
        bool, Parameter(help="Return only when the read models show the events.")
    ] = True,
    common: Common = COMMON,
) -> int:
    """Append events from a file, one receipt each.

    Parameters
    ----------
    file
        One JSON document, an array, or JSON Lines, also gz; - reads standard input.
    """
    receipts = Receipts()
    with _input(file) as stream:
        async with open_tollbook(common.settings(), create=True) as book:
            with console.progress() as bar:
                task = bar.add_task("publishing", total=None)
                async for batch in publish_batches(
                    split_documents(stream), book.ledger, book.admission
                ):
                    receipts.show(batch, book.ledger.id)
                    bar.advance(task, len(batch))
            if wait:
                patience_s = book.settings.visible_timeout_s
                if not await book.catch_up(receipts.heads, patience_s=patience_s):
                    console.note(
                        f"durable, but not in the read models after {patience_s:g} s: "
                        "see `tollbook status`"
                    )
    console.note(receipts.summary())
    if receipts.refused:
        console.note(receipts.where_kept())
        return InputRefusedError.exit_code
    return 0


@contextmanager
def _input(file: str) -> Iterator[BinaryIO]:
    if file == "-":
        yield sys.stdin.buffer
        return
    try:
        stream = Path(file).open("rb")  # noqa: SIM115 - closed below, after the with's body
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror}") from error
    with stream:
        packed = stream.peek(len(_GZIP)).startswith(_GZIP)
        try:
            yield cast("BinaryIO", gzip.GzipFile(fileobj=stream)) if packed else stream
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise UsageError(f"{file} is cut short or broken: {error}") from error
