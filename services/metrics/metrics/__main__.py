"""``python -m metrics COMMAND``."""

import sys

from servicekit import cli

from metrics.app import SERVICE

if __name__ == "__main__":
    sys.exit(cli.main(SERVICE))
