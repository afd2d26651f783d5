"""The benchmark suite: what Roomful costs and how fast it delivers."""
