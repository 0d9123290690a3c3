"""The process of a verify: ``python -m nbtrail.proof.worker ROOT RUN --lock FD``."""

from __future__ import annotations

import sys

from nbtrail.pipeline.worker import main
from nbtrail.proof.verify import run_verify

if __name__ == "__main__":
    sys.exit(main(work=run_verify))
