"""The process of a verify: ``python -m nbtrail.app.proof_worker ROOT RUN --lock FD``."""

from __future__ import annotations

import asyncio
import sys

from nbtrail.export.fresh import make_environment
from nbtrail.pipeline.worker import Ending, Job, main
from nbtrail.proof.verify import run_verify


async def work(job: Job, cancelled: asyncio.Event) -> Ending:
    """A verify, which knows how environments are made only from here."""
    return await run_verify(job, cancelled, make_environment)


if __name__ == "__main__":
    sys.exit(main(work=work))
