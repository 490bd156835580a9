"""Runs a module as a child of `tollbook serve`, and ends it when that parent is gone."""

import os
import runpy
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Final, NoReturn

from redis import Redis
from redis.exceptions import RedisError

from tollbook_services.engine_files import EngineFiles

PARENT_VARIABLE: Final = "TOLLBOOK_SERVE_PID"
"""Process id of the supervisor, given to each child."""

ENGINE_VARIABLE: Final = "TOLLBOOK_SERVE_ENGINE"
"""Directory of the embedded store, given where the engine is to stop with the supervisor."""

LOOK_EVERY_S: Final = 0.5
"""Seconds between two looks at the parent: `getppid` costs nothing and works everywhere."""

GRACE_S: Final = 15.0
"""Seconds an orphan may take to stop by itself."""


def main() -> None:
    """Run the module named by the first argument with the rest as its command line."""
    parent = int(os.environ[PARENT_VARIABLE])
    orphaned = threading.Event()
    signal.signal(signal.SIGTERM, _leave)
    module, *sys.argv[1:] = sys.argv[1:]
    sys.argv[0] = module
    try:
        threading.Thread(target=_watch, args=(parent, orphaned), daemon=True).start()
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    finally:
        if orphaned.is_set():
            _stop_engine()


def _leave(*_: object) -> NoReturn:
    """Ends the process in order, also while the module is still being imported."""
    sys.exit(128 + signal.SIGTERM)


def _watch(parent: int, orphaned: threading.Event) -> None:
    while os.getppid() == parent:
        time.sleep(LOOK_EVERY_S)
    orphaned.set()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_S)
    _stop_engine()
    os._exit(1)


def _stop_engine() -> None:
    """Shut the embedded engine down, unless another process uses it or it is gone already."""
    data = os.environ.get(ENGINE_VARIABLE)
    if data is None:
        return
    files = EngineFiles(Path(data))
    try:
        with files.starting():
            if files.use().leave():
                with Redis.from_url(files.url) as engine:
                    engine.shutdown()
    except (RedisError, OSError):
        return


if __name__ == "__main__":
    main()
