"""Become an unprivileged user, then the command: ``python -m onebox.unprivileged initdb …``.

PostgreSQL refuses to run as root. In a container there is often nobody else, so the launcher,
when it is root, starts PostgreSQL through this module as the user ``nobody``. Where the path to
the wheel or to the data folder is closed to others (a clone below /root), the process keeps one
capability, CAP_DAC_OVERRIDE, to walk through; Linux only, and less than the root it came from.
"""

import ctypes
import os
import pwd
import sys
from pathlib import Path

USER = "nobody"
_PR_SET_SECUREBITS, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE = 28, 47, 2
_SECBIT_NO_SETUID_FIXUP = 1 << 2
_CAP_DAC_OVERRIDE = 1
_CAPABILITY_VERSION_3 = 0x20080522


def needed() -> bool:
    """Whether this process is root."""
    return os.geteuid() == 0


def give(folder: Path) -> None:
    """Make ``folder`` the property of the unprivileged user."""
    person = pwd.getpwnam(USER)
    os.chown(folder, person.pw_uid, person.pw_gid)


def reachable(path: Path) -> bool:
    """Whether others may walk down to ``path`` and read it."""
    above = all(folder.stat().st_mode & 0o001 for folder in path.resolve().parents)
    return above and bool(path.stat().st_mode & 0o004)


def _demote(*, keep_override: bool) -> None:
    person = pwd.getpwnam(USER)
    libc = ctypes.CDLL(None, use_errno=True) if keep_override else None
    if libc:
        # Else access(2), by which initdb looks for its programs, would not count the capability.
        _must(libc.prctl(_PR_SET_SECUREBITS, _SECBIT_NO_SETUID_FIXUP, 0, 0, 0), "securebits")
    os.setgroups([])
    os.setgid(person.pw_gid)
    os.setuid(person.pw_uid)
    if libc:
        bit = 1 << _CAP_DAC_OVERRIDE
        header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
        sets = (ctypes.c_uint32 * 6)(bit, bit, bit, 0, 0, 0)  # effective, permitted, inheritable
        _must(libc.capset(header, sets), "capset")
        _must(
            libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_OVERRIDE, 0, 0), "ambient"
        )


def _must(failed: int, step: str) -> None:
    if failed:
        reason = os.strerror(ctypes.get_errno())
        sys.exit(
            f"PostgreSQL does not run as root, and the user {USER} cannot reach this folder "
            f"({step}: {reason}): run as an ordinary user, or in a folder that others may enter"
        )


def main(argv: list[str]) -> None:
    """Demote, then become the command; a leading ``--override`` keeps the one capability."""
    keep_override = argv[:1] == ["--override"]
    command = argv[1:] if keep_override else argv
    _demote(keep_override=keep_override)
    os.environ["HOME"] = "/"
    os.execv(command[0], command)  # noqa: S606 - becoming the command is what this module is for


def wrapped(command: list[str], *paths: Path) -> list[str]:
    """Return ``command`` as it is to be run: through this module when we are root.

    ``paths`` are the files and folders the unprivileged user has to reach.
    """
    if not needed():
        return command
    override = [] if all(map(reachable, paths)) else ["--override"]
    return [sys.executable, "-m", "onebox.unprivileged", *override, *command]


if __name__ == "__main__":
    main(sys.argv[1:])
