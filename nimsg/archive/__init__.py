"""Mail archives: mbox, Maildir and JSON lines, read and written as a stream."""
