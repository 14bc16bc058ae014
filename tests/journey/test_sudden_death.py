"""kill -9 of any process, the log, the store or the database, while reports flow: nothing lost."""

import psutil
import pytest
from parts import books
from parts.chosen import run
from parts.crowd import Crowd
from parts.log import until

PARTS = ("kafka", "s3", "postgres")


@pytest.fixture(scope="module")
def survivors(platform):
    """Return the crowd that reported while everything was killed once."""
    crowd = Crowd(platform)
    with crowd.reporting():
        crowd.has_reported(10)
        for name in platform.processes:
            if name == "gateway":
                continue
            dead = platform.kill(name)
            crowd.has_reported(3)
            until(lambda: not psutil.pid_exists(dead))  # noqa: B023 - asked at once
            platform.wait_for(name)
            assert platform.pid(name) != dead
        for part in PARTS:
            platform.parts.kill(part)
            platform.parts.start_again(part)
            crowd.has_reported(10)
    for name in platform.processes:
        platform.wait_for(name)
    return crowd


def test_no_report_is_lost_or_doubled_whatever_dies(platform, survivors):
    assert survivors.refused == []

    counted = books.check(platform, survivors.accepted)

    assert counted["accepted"] > 60
    assert counted["requests"] >= counted["accepted"]


def test_figures_reckoned_anew_after_all_deaths_are_the_same(platform, survivors):
    assert survivors.accepted
    before = books.all_figures(platform)

    run("metrics", "rebuild", env=platform.command_env)

    platform.settle()
    assert books.all_figures(platform) == before
