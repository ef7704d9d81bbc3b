"""Tests that the processes of a process are found at each depth, on kernels with and without lists of children."""

from __future__ import annotations

import os
import subprocess

from tests.support.processes import list_children, list_descendants


def test_list_descendants_finds_children_and_their_children() -> None:
    # The outer shell waits for the inner one, which waits until its input is closed.
    command = ["sh", "-c", "sh -c 'read line; :' ; :"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as outer:
        while not (inner := list_children(outer.pid)):
            assert outer.poll() is None
        assert outer.pid in list_children(os.getpid())
        assert list_descendants(outer.pid) == inner
        assert set(list_descendants(os.getpid())) >= {outer.pid, *inner}
    assert list_children(outer.pid) == []
