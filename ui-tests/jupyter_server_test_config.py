"""Settings of the server that the browser tests drive; never use them for real work."""

from jupyterlab.galata import configure_jupyter_server

configure_jupyter_server(c)  # type: ignore[name-defined] # noqa: F821
