"""A release in other shapes: one database, one Parquet file a table, a workbook."""
