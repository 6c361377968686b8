"""The build on a cluster. Nothing else imports this, and PySpark is an optional extra."""
