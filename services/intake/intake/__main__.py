"""``python -m intake <command>``."""

import sys

from servicekit import cli

from intake.app import SERVICE

sys.exit(cli.main(SERVICE))
