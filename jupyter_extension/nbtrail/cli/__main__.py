"""``python -m nbtrail.cli``."""

from nbtrail.cli import main

main()
