"""The judgement of a study's results: metrics, statistics, rankings and verdicts."""
