"""Views: tables, curves and pages of text that show results. They do not print."""
