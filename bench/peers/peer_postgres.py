"""PostgreSQL without a library: a table of events, COPY, a cursor."""

import sys
from pathlib import Path

import orjson
import psycopg
import workload

PEER = "PostgreSQL"
TABLE = """create table events (
  position bigint generated always as identity primary key,
  stream text not null, version int not null, data jsonb not null, unique (stream, version))"""


def main() -> None:
    raws = workload.events(Path(sys.argv[1]))
    with psycopg.connect(sys.argv[2], autocommit=True) as server:
        server.execute("drop table if exists events")
        server.execute(TABLE)
        server.execute("checkpoint")
        _append(server, raws)
        _replay(server, raws)


def _append(server: psycopg.Connection, raws: list[bytes]) -> None:
    versions: dict[str, int] = {}
    with workload.timed() as took:
        for batch in workload.batches(raws, workload.APPEND_EVENTS):
            with server.cursor().copy("copy events (stream, version, data) from stdin") as copy:
                for raw in batch:
                    stream = orjson.loads(raw)["subject"]
                    versions[stream] = versions.get(stream, 0) + 1
                    copy.write_row((stream, versions[stream], raw.decode()))
    workload.tell(PEER, "append", "COPY, 1,000 a commit", len(raws), took[0], "WAL fsync a commit")


def _replay(server: psycopg.Connection, raws: list[bytes]) -> None:
    state: workload.State = {}
    with workload.timed() as took, server.transaction():
        cursor = server.cursor(name="replay")
        cursor.itersize = 5_000
        cursor.execute("select data::text from events order by position")
        for (data,) in cursor:
            workload.tally(state, orjson.loads(data))
    workload.must_be(state, workload.expected(raws))
    workload.tell(PEER, "replay", "cursor, orjson, dict", len(raws), took[0])


if __name__ == "__main__":
    main()
