"""Commands that ask once whether there is mail, as scripts of their own."""
