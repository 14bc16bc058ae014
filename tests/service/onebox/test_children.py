import os
import signal
import time

import psutil
import pytest
from onebox.children import Children, TaskFailed
from onebox.nursery import Task

WAIT_S = 10


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "logs").mkdir()
    return tmp_path


@pytest.fixture
def said():
    return []


@pytest.fixture
def children(folder, said):
    made = Children(folder, ["json"], said.append)
    made.open()
    yield made
    made.stop(hurry=lambda: False)


def a_task(folder, source, name="child"):
    module = f"task_{abs(hash(source))}"
    (folder / f"{module}.py").write_text(source)
    env = {**os.environ, "COLOUR": "blue"}
    return Task(
        name=name,
        module=module,
        argv=["one"],
        env=env,
        log=str(folder / "logs" / "child.log"),
        out=str(folder / "out"),
    )


@pytest.fixture(autouse=True)
def here(folder, monkeypatch):
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PYTHONPATH", str(folder))


def until(children, true):
    deadline = time.monotonic() + WAIT_S
    while not true():
        assert time.monotonic() < deadline
        children.attend(0.05)


def running(children):
    until(children, lambda: children.watched["child"].pid is not None)
    return children.watched["child"].pid


SLEEPER = "import time\ntime.sleep(600)\n"


def test_a_child_is_python_m_with_its_own_arguments_environment_and_log(children, folder):
    source = "import os, sys\nprint(__name__, sys.argv[1:], os.environ['COLOUR'])\n"
    children.run([a_task(folder, source)], lambda: True)
    assert (folder / "out").read_text() == "__main__ ['one'] blue\n"


def test_a_command_that_fails_is_an_error_with_the_end_of_its_log(children, folder):
    source = "import sys\nsys.exit('the pump is dry')\n"
    with pytest.raises(TaskFailed, match=r"child ended with 1\.(?s:.*)the pump is dry"):
        children.run([a_task(folder, source)], lambda: True)


def test_a_killed_child_starts_again_at_once_and_that_is_said(children, folder, said):
    children.watch(a_task(folder, SLEEPER))
    first = running(children)
    os.kill(first, signal.SIGKILL)
    until(children, lambda: children.watched["child"].pid not in {first, None})
    assert said[0].startswith("child ended (killed by SIGKILL); it starts again")


def test_a_child_that_ends_again_and_again_starts_ever_more_rarely(children, folder, said):
    children.watch(a_task(folder, "raise SystemExit(3)\n"))
    until(children, lambda: len(said) > 2)
    assert [text.split(" in ")[1].split(" s")[0] for text in said[:3]] == ["0.4", "0.8", "1.6"]


def test_a_killed_nursery_brings_every_child_back_and_leaves_none_behind(children, folder):
    children.watch(a_task(folder, SLEEPER))
    first = running(children)
    os.kill(children._nursery.pid, signal.SIGKILL)
    until(children, lambda: children.watched["child"].pid not in {first, None})
    assert gone(first)


def test_children_end_with_a_launcher_that_was_killed(folder, said):
    lost = Children(folder, [], said.append)
    lost.open()
    lost.watch(a_task(folder, SLEEPER))
    pid = running(lost)
    lost._nursery.stdin.close()
    assert lost._nursery.wait(WAIT_S) == 0
    assert gone(pid)
    lost._reader.join()


def test_stopping_ends_every_child(children, folder):
    children.watch(a_task(folder, SLEEPER))
    pid = running(children)
    assert children.stop(hurry=lambda: False) == []
    assert gone(pid)


def gone(pid):
    """Whether the process is away; one that a killed nursery left to init may take a moment."""
    try:
        process = psutil.Process(pid)
        psutil.wait_procs([process], timeout=WAIT_S)
    except psutil.NoSuchProcess:
        return True
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
