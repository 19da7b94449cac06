"""The peers' programs import packages that only the extra `bench` installs: they are no test modules."""

collect_ignore = ["peers"]
