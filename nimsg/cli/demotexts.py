"""What Bob of the demo says. After the last text of a row comes the last one again."""

SUBJECT = "Welcome! Enter opens this"
GREETING = """\
Hello! I am {user}, a small program at the other end. The server is a real one, and it \
has told me by now that you have opened this, and when.

r  answer me. Write something, then Alt-Enter or Ctrl-D sends it.
q  go back, and watch the outbox. After some seconds I open your message
   and acknowledge it, and you see when, without a key. Then I answer.
#  see the rooms. Enter goes to #lobby: say something, and I answer.
:  type a command. "startprivate {user}" asks me for a private link. I agree.
   Alt-a goes to what is new. What we say there is in no file.
?  see all keys of where you are.

In the mailbox q ends the demo.
"""

NEWS = "the server was stopped and is up again, and nothing was lost"
WELCOME = (
    "hello! There is mail from me in your inbox. Say something here, I am listening"
)
OPENED = "you have opened my message: I can see that in my outbox, with the time"

LETTERS = (
    """\
Thank you. In your outbox your message is marked R when I have opened it, and A when I \
have acknowledged it. Enter on it shows when that was. In my outbox this one waits for \
you in the same way.
""",
    """\
Nobody has to be there at the same time. Leave a message, come back in a week, and see \
when it was read: the server keeps that for you.
""",
    """\
Try to take a message back: write one, and press x on it in the outbox before I have \
opened it. You are told for certain whether you were in time.
""",
    """\
Thank you. That is all I have to tell, but I still read everything.
""",
)
TALK = (
    "I hear you. What is said here comes at once, and waits for whoever is away",
    "other rooms are made with: /create ROOM",
    "everything said here can be searched later, by those who were in the room",
    "I am still listening",
)
WHISPERS = (
    "hello! This goes from your client to mine, encrypted, and past the server",
    "when this window is closed, nobody has what was said here",
    "it ends with: /stopprivate {user}",
    "I am still here",
)
