"""Views: tables, curves and pages of text that show results. The command line prints them."""
