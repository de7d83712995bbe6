"""Names of what lies in an evaluation's folder, for whoever only looks whether it is there."""

SUMMARY = "summary.json"
