"""What a study leaves on disk: its directory, its record, and the results of its trials."""
