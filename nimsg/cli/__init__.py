"""The words on the command line."""
