"""What Bob of the demo says. After the last text of a row comes the last one again."""

SUBJECT = "Welcome! Press Enter to open this"
GREETING = """\
Hello, and welcome! I am {user}, a small program at the other end. The server is a
real one, and so is this mail: by now {user} knows that you have opened it, and when.

Things to try:

r - answer this. Write something, then Alt-Enter or Ctrl-D sends it.

Tab - go to the outbox, and watch. After a few seconds {user} opens your message and
acknowledges it, and the times come to your screen without a key. Then comes an
answer.

# - see the rooms. Say something in #lobby, and {user} says something back.

: - type a command. "startprivate {user}" asks for a private link; {user} agrees, and
what the two of you say there goes past the server and is kept nowhere.

? - see all keys of where you are.

q - go back; in the mailbox it ends the demo.
"""

NEWS = "the server was stopped and is up again, and nothing was lost"
WELCOME = (
    "hello! There is mail from me in your inbox. Say something here, I am listening"
)
OPENED = "you have opened my message: I can see that in my outbox, with the time"

LETTERS = (
    """\
Thank you, it has arrived. Look at your message in the outbox: you have seen it
stored, then opened, then acknowledged, each with its time. I have no such row until
you open this one.
""",
    """\
This works while nobody is there, too. Leave a message, end the client, come back in a
week: the times of reading are kept for you.
""",
    """\
Have you tried to take a message back? Write one and press x on it in the outbox, before
I have opened it. You are told for certain whether you were in time.
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
