"""Whether there is new mail, over IMAP with imaplib: PORT USER PASSWORD."""

import imaplib
import sys


port, user, password = sys.argv[1:4]
box = imaplib.IMAP4("127.0.0.1", int(port))
box.login(user, password)
print(box.status("INBOX", "(UNSEEN)")[1][0])
box.logout()
