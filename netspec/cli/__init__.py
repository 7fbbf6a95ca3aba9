"""The command line: a file for each command, which `main` imports by the command's name; the others are helpers.

Enters: the arguments of a command.
Leaves: text on standard output and standard error, files, and an exit code.
Public: main.main, main.COMMANDS.
"""
