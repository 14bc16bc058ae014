"""``python -m routing COMMAND``."""

import sys

from servicekit import cli

from routing.app import SERVICE

sys.exit(cli.main(SERVICE))
