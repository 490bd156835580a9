"""The pyeventsourcing library, on SQLite or PostgreSQL, as its documentation uses it."""

import sys
from pathlib import Path
from typing import Any

import orjson
import psycopg
import workload
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import Tracking
from eventsourcing.popo import POPOTrackingRecorder
from eventsourcing.postgres import PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from psycopg.sql import SQL

VIEW_EVENTS = 10_000
"""Events projected into the PostgreSQL view, a transaction each: all would take a minute."""

WAIT_S_MAX = 900
DATABASE = "eventsourcing_bench"


class Incident(Aggregate):
    @event("Opened")
    def __init__(self, payload: dict) -> None:
        self.last = payload

    @event("Reported")
    def report(self, payload: dict) -> None:
        self.last = payload


class Incidents(Application):
    pass


class MemoryView(POPOTrackingRecorder):
    def __init__(self) -> None:
        super().__init__()
        self.state: workload.State = {}

    def take(self, payload: dict, tracking: Tracking) -> None:
        with self._database_lock:
            self._insert_tracking(tracking)
            workload.tally(self.state, payload)


class PostgresView(PostgresTrackingRecorder):
    def __init__(self, datastore: Any, **options: Any) -> None:
        super().__init__(datastore, **options)
        table = "create table if not exists answer (crisis text, area text, originator text, value int, primary key (crisis, area, originator))"  # noqa: E501
        self.sql_create_statements.append(SQL(table))

    def take(self, payload: dict, tracking: Tracking) -> None:
        state: workload.State = {}
        workload.tally(state, payload)
        ((key, value),) = state.items()
        with self.datastore.transaction(commit=True) as cursor:
            cursor.execute(
                "insert into answer values (%s, %s, %s, %s) "
                "on conflict (crisis, area, originator) do update set value = excluded.value",
                (*key, value),
                prepare=True,
            )
            self._insert_tracking(cursor, tracking)


class Answer(Projection):
    topics = ()

    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        self.view.take(domain_event.payload, tracking)


def main() -> None:
    kind, raws, place = sys.argv[1], workload.events(Path(sys.argv[2])), sys.argv[3]
    peer = f"pyeventsourcing on {kind}"
    wanted = workload.expected(raws)
    settings = _sqlite(place) if kind == "SQLite" else _postgres(place)
    with Incidents(settings) as application:
        _append(application, peer, raws)
        _replay(application, peer, raws, wanted)
    if kind == "SQLite":
        return  # its recorder has no subscriptions, which the runner of projections needs
    _project_in_memory(settings, peer, raws, wanted)
    with Incidents(_postgres(place)) as application:
        few = raws[:VIEW_EVENTS]
        _fill(application, few)
        settings = dict(application.env)
    _project_to_postgres(settings, peer, few, place)


def _sqlite(place: str) -> dict[str, str]:
    name = f"{place}/events.sqlite"
    return {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": name}


def _postgres(place: str) -> dict[str, str]:
    with psycopg.connect(place, autocommit=True) as server:
        server.execute(f"drop database if exists {DATABASE} with (force)")
        server.execute(f"create database {DATABASE}")
        server.execute("checkpoint")
        info = server.info
        return {
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "POSTGRES_DBNAME": DATABASE,
            "POSTGRES_HOST": info.host,
            "POSTGRES_PORT": str(info.port),
            "POSTGRES_USER": info.user,
            "POSTGRES_PASSWORD": "none",
        }


def _fill(application: Application, raws: list[bytes]) -> None:
    """Aggregates are kept in memory: the best case, as nothing is loaded before an append."""
    known: dict[str, Incident] = {}
    for batch in workload.batches(raws, workload.APPEND_EVENTS):
        changed = {}
        for raw in batch:
            document = orjson.loads(raw)
            name = document["subject"]
            if name in known:
                known[name].report(payload=document)
            else:
                known[name] = Incident(payload=document)
            changed[name] = known[name]
        application.save(*changed.values())


def _append(application: Application, peer: str, raws: list[bytes]) -> None:
    with workload.timed() as took:
        _fill(application, raws)
    workload.tell(peer, "append", "1,000 a save", len(raws), took[0], "fsync a commit")


def _replay(application: Application, peer: str, raws: list[bytes], wanted: workload.State) -> None:
    state: workload.State = {}
    last = 0
    with workload.timed() as took:
        while page := application.recorder.select_notifications(start=last + 1, limit=1_000):
            for one in page:
                workload.tally(state, application.mapper.to_domain_event(one).payload)
            last = page[-1].id
    workload.must_be(state, wanted)
    workload.tell(peer, "replay", "notifications, mapper, dict", len(raws), took[0])


def _projected(settings: dict[str, str], view_class: type, count: int) -> tuple[Any, float]:
    """The view of a projection of all events, and the seconds it took."""
    with (
        workload.timed() as took,
        ProjectionRunner(
            application_class=Incidents,
            projection_class=Answer,
            view_class=view_class,
            env=settings,
        ) as runner,
    ):
        runner.wait(count, timeout=WAIT_S_MAX)
    return runner.view, took[0]


def _project_in_memory(
    settings: dict[str, str], peer: str, raws: list[bytes], wanted: workload.State
) -> None:
    in_memory = settings | {"ANSWER_PERSISTENCE_MODULE": "eventsourcing.popo"}
    view, seconds = _projected(in_memory, MemoryView, len(raws))
    workload.must_be(view.state, wanted)
    variant = "ProjectionRunner, one count in memory"
    workload.tell(peer, "project", variant, len(raws), seconds, "nothing")


def _project_to_postgres(
    settings: dict[str, str], peer: str, raws: list[bytes], place: str
) -> None:
    _, seconds = _projected(settings, PostgresView, len(raws))
    with psycopg.connect(place, dbname=DATABASE) as server:
        rows = server.execute("select crisis, area, originator, value from answer")
        state = {(crisis, area, originator): value for crisis, area, originator, value in rows}
    workload.must_be(state, workload.expected(raws))
    variant = "ProjectionRunner, one PostgreSQL view"
    workload.tell(peer, "project", variant, len(raws), seconds, "view and position a commit")


if __name__ == "__main__":
    main()
