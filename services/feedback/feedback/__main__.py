"""``python -m feedback COMMAND``."""

import sys

from servicekit import cli

from feedback.app import SERVICE

if __name__ == "__main__":
    sys.exit(cli.main(SERVICE))
