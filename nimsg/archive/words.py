"""Texts in the headers of mail: unfolded, decoded and encoded (RFC 2047)."""

import base64
import binascii
import codecs
import re


ENCODED_WORD = r"=\?[^?\s]+\?[bBqQ]\?[^?]*\?="
PARTS = re.compile(
    r"=\?(?P<charset>[^?*\s]+)(?:\*[^?\s]*)?\?(?P<way>[bBqQ])\?(?P<text>[^?]*)\?="
)
LINE_BREAK = re.compile(r"\r\n|[\r\n]")
SURROGATE = re.compile("[\ud800-\udfff]")
WORD_BYTES = 39  # with its frame and `Subject: ` no line has more than 76
# Codecs of Python that are no charsets of mail: they raise, warn or take long.
NO_CHARSETS = {
    *("idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape"),
}

Run = tuple[str, bytes]


def one_line(text: str) -> str:
    """A text without line breaks and without lone surrogates."""
    return LINE_BREAK.sub(" ", scrubbed(text))


def scrubbed(text: str) -> str:
    """A text without lone surrogates."""
    return SURROGATE.sub("\ufffd", text)


def unfolded(raw: str) -> str:
    """A header as the email package gives it: one line, and bytes become text.

    The white space that follows a line break stays what it is.
    """
    data = LINE_BREAK.sub("", raw).encode("utf-8", "surrogateescape")
    return decoded(data, None).strip()


def decode_words(text: str) -> str:
    """A text whose encoded words are decoded; what is none stays as it is.

    Words of one charset that follow each other may share a character.
    """
    out: list[str] = []
    run: Run = ("", b"")
    end = 0
    for match in PARTS.finditer(text):
        data = _word_bytes(match["way"], match["text"])
        if data is None:
            continue
        between, charset = text[end : match.start()], match["charset"].lower()
        end = match.end()
        if charset == run[0] and not between.strip():
            run = (charset, run[1] + data)
            continue
        out += [_run_text(run), "" if run[0] and not between.strip() else between]
        run = (charset, data)
    return "".join([*out, _run_text(run), text[end:]])


def encode_words(text: str) -> str:
    """Any text as encoded words, folded; in ASCII."""
    return "\n ".join(
        f"=?utf-8?b?{base64.b64encode(chunk).decode('ascii')}?="
        for chunk in _chunks(text)
    )


def decoded(data: bytes, charset: str | None) -> str:
    """Bytes as text by their charset, else as UTF-8, else as Latin-1."""
    for name in (charset, "utf-8"):
        if name and is_charset(name):
            try:
                return scrubbed(data.decode(name))
            except ValueError:
                continue
    return data.decode("latin-1")


def is_charset(name: str) -> bool:
    """Whether Python can decode this charset to text."""
    try:
        b" ".decode(name, "replace")
        return codecs.lookup(name).name.replace("_", "-") not in NO_CHARSETS
    except (LookupError, ValueError):
        return False


def _word_bytes(way: str, text: str) -> bytes | None:
    ascii_text = text.encode("utf-8")
    if way in "qQ":
        return binascii.a2b_qp(ascii_text, header=True)
    padded = ascii_text.rstrip(b"=") + b"=="
    try:
        return binascii.a2b_base64(padded)
    except binascii.Error:
        return None


def _run_text(run: Run) -> str:
    charset, data = run
    name = charset if is_charset(charset) else "utf-8"
    return scrubbed(data.decode(name, "replace"))


def _chunks(text: str) -> list[bytes]:
    """UTF-8 in pieces for encoded words; no character is parted."""
    chunks = [b""]
    for character in text:
        data = character.encode("utf-8", "replace")
        if len(chunks[-1]) + len(data) > WORD_BYTES:
            chunks.append(b"")
        chunks[-1] += data
    return chunks
