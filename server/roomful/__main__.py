"""`python -m roomful`: the same as `roomful`."""

from roomful.cli import main

if __name__ == "__main__":  # a worker process imports this module too
    main()
