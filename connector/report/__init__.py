"""The HTML report of a run: one file that needs nothing else, opens offline, and can be mailed. Pure rendering."""

from connector.report.figures import DirectionCounts, LastRun, PlanRow, RunFigures, fair_share
from connector.report.page import render_report

__all__ = ["DirectionCounts", "LastRun", "PlanRow", "RunFigures", "fair_share", "render_report"]
