"""The probe: notes what a cell reads, writes and leaves behind, inside a Python kernel.

The text of this package is sent silently into kernels whose environment knows nothing of
nbtrail (`nbtrail.recorder.install`), where it becomes the package ``_nbtrail_probe``. So it
needs the standard library only, imports only relatively, and runs on every Python from 3.8.
Importing it does nothing; `install` does.

It wraps ``open`` and a few functions of ``os`` instead of listening to audit events: those
fire for a thousand things besides and slow ``deepcopy`` or a loop over ``id``. The wrappers
only note a path and a mode; all sorting happens once, when the cell has ended.

Whatever fails in here is counted and reported, never raised into the user's code.
"""

from .hooks import install, log_metric, log_param

__all__ = ["install", "log_metric", "log_param"]
