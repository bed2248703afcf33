"""How the results of a study are judged: metrics, statistics, rankings and verdicts."""
