"""The floor of this disk and of Python: a file with an fdatasync for each commit, and a dict."""

import os
import sys
from pathlib import Path

import orjson
import workload


def main() -> None:
    raws = workload.events(Path(sys.argv[1]))
    file = Path(sys.argv[2]) / "events.jsonl"
    with workload.timed() as took, file.open("wb") as out:
        for batch in workload.batches(raws, workload.APPEND_EVENTS):
            out.write(b"\n".join(batch) + b"\n")
            out.flush()
            os.fdatasync(out.fileno())
    workload.tell("a file", "append", "1,000 a write", len(raws), took[0], "fdatasync each write")
    state: workload.State = {}
    with workload.timed() as took, file.open("rb") as lines:
        for line in lines:
            workload.tally(state, orjson.loads(line))
    workload.must_be(state, workload.expected(raws))
    workload.tell("a file", "replay", "orjson, dict", len(raws), took[0])


if __name__ == "__main__":
    main()
