"""``python -m bayesgmm``: the command line, where the ``bayesgmm`` script is not on the path."""

import sys

from bayesgmm.cli import main

if __name__ == "__main__":
    sys.exit(main())
