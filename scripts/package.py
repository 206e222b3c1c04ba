"""Package a pipeline as `spacy package` does; the same pipeline becomes the same bytes, whenever it is packaged."""

import os
import sys

from spacy.cli import setup_cli

if __name__ == "__main__":
    # The dates in a wheel; the earliest that its format knows.
    os.environ.setdefault("SOURCE_DATE_EPOCH", "315532800")
    sys.argv.insert(1, "package")
    setup_cli()
