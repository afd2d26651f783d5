"""`python -m client_demo`: the same as `roomful-watch`."""

from client_demo.watch import main

main()
