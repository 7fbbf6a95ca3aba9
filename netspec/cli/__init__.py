"""The command line: a file for each command, which `main` imports by the command's name; the others are helpers.

Input: the arguments of a command.
Output: text on standard output and standard error, files, and an exit code.
Public: main.main, main.COMMANDS.
"""
