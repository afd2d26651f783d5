"""`python -m roomful_watch`: the same as `roomful-watch`."""

from roomful_watch.watch import main

main()
