"""Kernels as jupyter_client finds them, and those of environments that nobody has registered."""

from __future__ import annotations

import os
from typing import Any

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel

from nbtrail.pipeline.kernels import spec_argv


class Specs(KernelSpecManager):
    """Knows kernels by absolute paths, too; see `nbtrail.pipeline.kernels.spec_argv`."""

    def get_kernel_spec(self, kernel_name: str) -> Any:
        """The specification of a kernel; raises NoSuchKernel."""
        if not os.path.isabs(kernel_name):
            return super().get_kernel_spec(kernel_name)
        argv = spec_argv(kernel_name)
        if argv is None:
            raise NoSuchKernel(kernel_name)
        if os.path.isdir(kernel_name):
            spec: Any = KernelSpec.from_resource_dir(kernel_name)
            spec.argv = argv
            return spec
        return KernelSpec(
            argv=[*argv, "--HistoryManager.hist_file=:memory:"],
            display_name=kernel_name,
            language="python",
        )
