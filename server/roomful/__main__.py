"""The `roomful` command, and `python -m roomful`."""

import sys

from roomful.process.stack import restart_with_room


def main() -> None:
    if sys.argv[1:2] == ["serve"]:
        restart_with_room()
    from roomful.cli import main as run_command  # what it loads would be loaded twice

    run_command()


if __name__ == "__main__":  # a worker process imports this module too
    main()
