import os
import pwd
import subprocess

from onebox import unprivileged


def run(*command, paths=()):
    whole = unprivileged.wrapped(list(command), *paths)
    return subprocess.run(whole, capture_output=True, text=True, check=False)


def test_nothing_runs_as_root_and_an_ordinary_user_stays_who_they_are(tmp_path):
    wanted = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else os.geteuid()
    assert run("/usr/bin/id", "-u", paths=[tmp_path]).stdout.strip() == str(wanted)


def test_a_program_in_a_folder_closed_to_others_is_found_and_run(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    program = closed / "program"
    program.write_text('#!/bin/sh\n/usr/bin/test -x "$0" && echo found\n')
    program.chmod(0o755)
    assert not unprivileged.reachable(program)
    assert run(str(program), paths=[program]).stdout == "found\n"


def test_a_folder_that_others_may_enter_needs_no_capability(tmp_path):
    for folder in [tmp_path, *tmp_path.parents[:2]]:
        folder.chmod(0o755)
    assert unprivileged.reachable(tmp_path)
    assert "--override" not in unprivileged.wrapped(["/bin/true"], tmp_path)
