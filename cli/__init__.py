"""The two commands, `abid-etl` and `abid-report`: parse, make one call into `etl`, print."""
