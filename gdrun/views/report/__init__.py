"""The report: one HTML file with the curves, tables and settings of runs or of a study.

The page needs no network: it contains its data, its style, its program and the drawing library
plotly. Vega was rejected: it has a quarter of the size, but zoom, hover and parallel coordinates
would need code of our own. Drawing without a library was rejected for the same reason.

    contents   what a report shows, from runs and studies: plain data for JSON
    packing    arrays as text in JSON
    page       the HTML file: the contents, the style and the program in one text
    *.html, *.css, *.js   the page, its style, and its program
"""

from gdrun.views.report.contents import check_contents, of_runs, of_study
from gdrun.views.report.page import report_page

__all__ = ["check_contents", "of_runs", "of_study", "report_page"]
