"""`python -m server`: the same as `roomful`."""

from server.cli import main

main()
