"""What judges run: packages for the evaluators, and the check that they run."""

if __name__ != "basalt_iq.submission":
    raise ImportError(
        "import basalt_iq.submission, which this folder is: under two names it would be two modules"
    )
