"""What every store promises of kernels: of several servers that want a room's, one has it."""

import asyncio
from pathlib import Path

import pytest

from jupyter_collab.errors import RoomNotFound
from jupyter_collab.store import KernelLease

from .scenarios import scenario
from .stores import EPOCH, StoreMaker, opened

ONE, TWO = KernelLease("one", "k1"), KernelLease("two", "k2")


@scenario
async def test_a_lease_is_there_until_another_takes_its_place(make_store: StoreMaker, tmp_path: Path) -> None:
    store = make_store(tmp_path)
    async with opened(store):
        for room_id in ("demo", "other"):
            await store.create_room(room_id, "Demo", EPOCH, "notebook", b"")
        assert await store.kernel_lease("demo") is None
        assert await store.put_kernel_lease("demo", ONE, None) == ONE
        assert await store.kernel_lease("demo") == ONE
        assert await store.kernel_lease("other") is None
        assert await store.put_kernel_lease("demo", TWO, ONE) == TWO
        assert await store.put_kernel_lease("demo", None, TWO) is None
        assert await store.kernel_lease("demo") is None


@scenario
async def test_who_expects_another_lease_than_is_there_changes_nothing(make_store: StoreMaker, tmp_path: Path) -> None:
    store = make_store(tmp_path)
    async with opened(store):
        await store.create_room("demo", "Demo", EPOCH, "notebook", b"")
        assert await store.put_kernel_lease("demo", TWO, ONE) is None
        await store.put_kernel_lease("demo", ONE, None)
        for lease, instead_of in ((TWO, None), (TWO, TWO), (None, TWO), (TWO, KernelLease("one", ""))):
            assert await store.put_kernel_lease("demo", lease, instead_of) == ONE
        assert await store.kernel_lease("demo") == ONE


@scenario
async def test_of_several_who_want_it_at_once_one_gets_it(make_store: StoreMaker, tmp_path: Path) -> None:
    stores = [make_store(tmp_path) for _ in range(2)]
    async with opened(*stores):
        await stores[0].create_room("demo", "Demo", EPOCH, "notebook", b"")
        for number in range(10):
            wanted = [KernelLease(server, f"k{number}") for server in ("one", "two")]
            got = await asyncio.gather(
                *(store.put_kernel_lease("demo", lease, None) for store, lease in zip(stores, wanted, strict=True))
            )
            assert got[0] == got[1]
            assert got[0] in wanted
            await stores[0].put_kernel_lease("demo", None, got[0])


@scenario
async def test_a_lease_goes_with_its_room(make_store: StoreMaker, tmp_path: Path) -> None:
    store = make_store(tmp_path)
    async with opened(store):
        with pytest.raises(RoomNotFound):
            await store.put_kernel_lease("demo", ONE, None)
        await store.create_room("demo", "Demo", EPOCH, "notebook", b"")
        await store.put_kernel_lease("demo", ONE, None)
        await store.delete_room("demo")
        assert await store.put_kernel_lease("demo", TWO, ONE) == TWO
        await store.purge_room("demo")
        await store.create_room("demo", "Demo", EPOCH, "notebook", b"")
        assert await store.kernel_lease("demo") is None
