"""Results to look at: tables, curves and pages of text, which nothing here prints."""
