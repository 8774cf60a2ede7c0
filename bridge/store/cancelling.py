"""A task that is to end, and was in the middle of a statement."""

import asyncio


def heed_cancel(error: Exception) -> None:
    """To be called where an error of the store is caught and the task would go on: what comes out
    of a statement that is cancelled may be an error of the driver in place of the cancellation."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError from error
