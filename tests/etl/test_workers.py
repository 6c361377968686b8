"""Worker processes: what they leave to their parent, and how they end."""

import os
import signal
from concurrent.futures.process import BrokenProcessPool

import pytest

from etl.workers import Workers


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_worker_goes_on_with_its_work_when_it_gets_a_signal(number: int) -> None:
    with Workers(1) as workers:
        before = workers.submit(os.getpid).result()
        workers.submit(os.kill, before, number).result()
        assert workers.submit(os.getpid).result() == before


def test_when_a_worker_is_killed_the_others_are_not_waited_for() -> None:
    with Workers(2) as workers:
        for started in [workers.submit(os.getpid), workers.submit(os.getpid)]:
            started.result()
        workers.submit(signal.pause)
        with pytest.raises(BrokenProcessPool):
            workers.submit(os.abort).result()
