"""Kernels to executions: the listener on IOPub, the probe inside kernels, the environment."""
