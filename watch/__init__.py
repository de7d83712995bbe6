"""What people look at: the report, live and as a page, comparison and ratings."""

if __name__ != "basalt_iq.watch":
    raise ImportError("import basalt_iq.watch, which this folder is: under two names it would be two modules")
