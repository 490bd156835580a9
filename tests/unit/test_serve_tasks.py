"""Background tasks end even where a cancellation is lost on the way."""

import asyncio

from tollbook_services.tasks import end_tasks


async def deaf(times: int) -> None:
    """Goes on after being cancelled, so many times."""
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            if times == 0:
                raise
            times -= 1


async def broken() -> None:
    raise ValueError("a bug")


def test_a_task_that_loses_its_first_cancellations_still_ends():
    async def scenario():
        tasks = [asyncio.create_task(deaf(times)) for times in (0, 1, 3)]
        await asyncio.sleep(0)
        await asyncio.wait_for(end_tasks(*tasks), 5)
        assert all(task.cancelled() for task in tasks)

    asyncio.run(scenario())


def test_a_task_that_failed_before_is_no_obstacle():
    async def scenario():
        task = asyncio.create_task(broken())
        await asyncio.sleep(0)
        await asyncio.wait_for(end_tasks(task, asyncio.get_running_loop().create_future()), 5)

    asyncio.run(scenario())
