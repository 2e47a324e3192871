"""What a role lets people do beyond their room, in the words of the share dialog (``wording.ts``)."""

__all__ = ["link_danger", "people_danger"]

LINK_RUNS_CELLS = (
    "Anyone who has this link can run the cells of this room as they are, on this server: with your files and your "
    "rights."
)
LINK_RUNS_CELLS_APART = (
    "Anyone who has this link can run the cells of this room as they are, on this server: in a kernel that is kept "
    "apart from your files and your rights."
)
THEY_RUN_CELLS = "They can run the cells of this room as they are, on this server: with your files and your rights."
THEY_RUN_CELLS_APART = (
    "They can run the cells of this room as they are, on this server: in a kernel that is kept apart from your files "
    "and your rights."
)
STEER_KERNEL = "They can also answer what a cell asks for, and interrupt, restart, end or change the kernel."

LINK_RUNS_CODE = "Anyone who has this link can run any code on this server: with your files and your rights."
LINK_RUNS_CODE_APART = (
    "Anyone who has this link can run any code on this server: in a kernel that is kept apart from your files and "
    "your rights."
)
THEY_RUN_CODE = "They can run any code on this server: with your files and your rights."
THEY_RUN_CODE_APART = (
    "They can run any code on this server: in a kernel that is kept apart from your files and your rights."
)

YOU_RUN_THEIR_CODE = "If you run a cell, you run their code, with your files and your rights."
YOU_RUN_THEIR_CODE_APART = (
    "If you run a cell in a kernel of your own, you run their code, with your files and your rights. "
    "The kernel of this room is kept apart from these."
)
OWN_KERNEL = "If you run their code in a kernel of your own, it has your files and your rights all the same."
CHANGE_CELLS = "They can also change or delete any cell, and put in results that nobody computed."


def link_danger(role: str, *, apart: bool = False) -> str:
    """What to know before one gives away a link that makes people ``role``; nothing if they can only look.

    ``apart`` says whether the kernels of rooms are kept apart from the server's user.
    """
    return _danger(
        role,
        LINK_RUNS_CELLS_APART if apart else LINK_RUNS_CELLS,
        LINK_RUNS_CODE_APART if apart else LINK_RUNS_CODE,
        apart=apart,
    )


def people_danger(role: str, *, apart: bool = False) -> str:
    """What to know before one makes somebody, or everybody on the server, ``role``; see :func:`link_danger`."""
    return _danger(
        role,
        THEY_RUN_CELLS_APART if apart else THEY_RUN_CELLS,
        THEY_RUN_CODE_APART if apart else THEY_RUN_CODE,
        apart=apart,
    )


def _danger(role: str, run_cells: str, run_code: str, *, apart: bool) -> str:
    match role:
        case "runner":
            return f"{run_cells} {STEER_KERNEL}"
        case "writer":
            return f"{YOU_RUN_THEIR_CODE_APART if apart else YOU_RUN_THEIR_CODE} {CHANGE_CELLS}"
        case "editor" | "owner":
            own = f" {OWN_KERNEL}" if apart else ""
            return f"{run_code}{own} {CHANGE_CELLS}"
        case _:
            return ""
