"""``python -m onebox``: run Ombud on this machine."""

import sys

from onebox.launcher import main

if __name__ == "__main__":
    sys.exit(main())
