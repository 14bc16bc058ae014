"""``python -m media COMMAND``."""

import sys

from servicekit import cli

from media.app import SERVICE

sys.exit(cli.main(SERVICE))
