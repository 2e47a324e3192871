"""What a role lets people do beyond their room, in the words of the share dialog (``wording.ts``)."""

__all__ = ["link_danger", "people_danger"]

BY_LINK = "Anyone who has this link can run code on this server as you: with your files and your rights."
BY_ROLE = "They can run code on this server as you: with your files and your rights."
BY_WRITING = "What they write is run by whoever runs the cell next. They can write outputs, too."

MAY_RUN = ("runner", "editor", "owner")


def link_danger(role: str) -> str:
    """What to know before one gives away a link that makes people ``role``; nothing if they can only look."""
    return BY_LINK if role in MAY_RUN else _writing(role)


def people_danger(role: str) -> str:
    """What to know before one makes somebody, or everybody on the server, ``role``."""
    return BY_ROLE if role in MAY_RUN else _writing(role)


def _writing(role: str) -> str:
    return BY_WRITING if role == "writer" else ""
