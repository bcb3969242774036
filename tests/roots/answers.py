"""What the tests of the live root share: its answers as text."""

RX_ERRORS = ("errors", "dropped", "over_errors", "length_errors", "crc_errors", "frame_errors", "fifo_errors")


def text(document):
    return bytes(document.data[document.start : document.end]).decode()


def only(root, request):
    (document,) = root.documents(request)
    return document
