"""A class comes by one link: everybody opens it within a few seconds, gives a name, and gets the room's text."""

import asyncio
from array import array
from dataclasses import asdict, dataclass, replace
from time import perf_counter
from typing import Any

import httpx

from .content import notebook
from .fanout import percentile
from .member import Member
from .products import Address, JupyterCollab, RunningServer

__all__ = ["GuestsResult", "measure"]

_CELLS, _BYTES_PER_CELL = 20, 1_000
_OWN_PAGE = {"X-Jupyter-Collab": "1"}


@dataclass(frozen=True)
class GuestsResult:
    """``guests`` came within ``spread_seconds``; times from opening the link until the room's text is there."""

    guests: int
    spread_seconds: float
    came: int
    all_in_seconds: float
    first_text_p50_ms: float
    first_text_p99_ms: float
    cpu_seconds: float

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def measure(product: JupyterCollab, guests: int, spread_seconds: float) -> GuestsResult:
    """On a fresh server: what each browser asks for after the page's files, which a proxy may serve as well."""
    with product.running() as server:
        return asyncio.run(_class(product, server, guests, spread_seconds))


async def _class(product: JupyterCollab, server: RunningServer, guests: int, spread_seconds: float) -> GuestsResult:
    address = product.create_room(server, "class", notebook(_CELLS, _BYTES_PER_CELL))
    answer = server.http.post("api/collab/rooms/class/invitations", json={"role": "writer", "max_uses": guests})
    token = answer.raise_for_status().json()["token"]
    teacher = await Member.join(address)
    cpu, start = server.cpu_seconds(), perf_counter()
    waits = [number * spread_seconds / guests for number in range(guests)]
    came = await asyncio.gather(*(_come(address, token, number, wait) for number, wait in enumerate(waits)))
    seconds, cpu = perf_counter() - start, server.cpu_seconds() - cpu
    times = array("d", (time for _, time in came))
    right = sum(member.first_sync == teacher.first_sync for member, _ in came)
    for member in (teacher, *(member for member, _ in came)):
        await member.leave()
    return GuestsResult(
        guests=guests,
        spread_seconds=spread_seconds,
        came=right,
        all_in_seconds=seconds,
        first_text_p50_ms=percentile(times, 50),
        first_text_p99_ms=percentile(times, 99),
        cpu_seconds=cpu,
    )


async def _come(address: Address, token: str, number: int, wait: float) -> tuple[Member, float]:
    """One guest's browser; answers the connection, and how many seconds it took to have the text."""
    await asyncio.sleep(wait)
    start = perf_counter()
    base = f"http://{address.host}:{address.port}/collab/api/"
    async with httpx.AsyncClient(base_url=base, headers=_OWN_PAGE, timeout=60.0, trust_env=False) as browser:
        (await browser.post("join/preview", json={"token": token})).raise_for_status()
        (await browser.post("join", json={"token": token, "name": f"Guest {number}"})).raise_for_status()
        (await browser.get("me")).raise_for_status()
        cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    place = replace(address, target=address.target.replace("/api/collab/", "/collab/api/"), token="")
    member = await Member.join(place, headers={"Cookie": cookie})
    return member, perf_counter() - start
