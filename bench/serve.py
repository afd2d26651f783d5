"""`roomful`, but that it compares no channel with the log, which lacks the events of the benchmarks."""

from roomful.cli import main
from roomful.realtime.delivery import hub

vars(hub)["RECONCILE_SECONDS"] = 3600.0  # it has imported the name

if __name__ == "__main__":  # a worker process imports this module too
    main()
