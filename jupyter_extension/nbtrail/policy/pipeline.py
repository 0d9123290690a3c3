"""Rules about the pipeline and about files that cannot be read: what other layers found."""

from __future__ import annotations

from nbtrail.config import Level
from nbtrail.notebooks.document import EMPTY, NOT_JSON, OLD_FORMAT
from nbtrail.pipeline.model import CYCLE, MISSING_INPUT, TWO_WRITERS, UNUSED
from nbtrail.policy.catalogue import Rule

RULES = (
    Rule(CYCLE, "pipeline-cycle", "Notebooks need each other in a circle", Level.ENFORCE),
    Rule(TWO_WRITERS, "two-writers", "One file is written by two notebooks", Level.WARN),
    Rule(MISSING_INPUT, "missing-input", "A file is read that nobody writes", Level.WARN),
    Rule(UNUSED, "unused-notebook", "Nobody uses what a notebook makes", Level.OFF),
    Rule(NOT_JSON, "not-a-notebook", "The file cannot be read as a notebook", Level.ENFORCE),
    Rule(EMPTY, "empty-file", "The notebook's file is empty", Level.ENFORCE),
    Rule(OLD_FORMAT, "old-format", "The notebook has a format older than 4", Level.ENFORCE),
)
