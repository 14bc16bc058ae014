"""Run a service's command in the box's environment: ``python -m onebox.do intake parked list``."""

import os
import runpy
import sys

from onebox import parts
from onebox.keep import Keep
from onebox.plan import Place


def main() -> int:
    """Become the command; return 2 when there is nothing to run."""
    kept = Keep(Place.from_env(os.environ).root / "env.json").read()
    if len(sys.argv) < 3 or sys.argv[1] not in parts.SERVICES or not kept:  # noqa: PLR2004
        usage = f"python -m onebox.do {'|'.join(parts.SERVICES)} COMMAND … (while a box runs)"
        print(f"usage: {usage}", file=sys.stderr)  # noqa: T201 - the answer to a person
        return 2
    os.environ.update({name: str(value) for name, value in kept.items()})
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
