"""The files of a study: its directory, its record, and the results of its trials."""
