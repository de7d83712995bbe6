"""The one kind of error that is the user's to mend."""


class UserError(Exception):
    """Bad input. The message is one line that names the file or option and the remedy.

    The command line prints it without a traceback and exits with 2.
    """
