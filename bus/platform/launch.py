"""Become another program that ends with its parent; a script that imports nothing of ours, so that it starts in 20 ms.

``python launch.py PARENT SIGNAL OWNER -- PROGRAM ARGUMENTS``: the kernel sends SIGNAL when the *thread* that started us
ends (start children from a thread that lives as long as they must). OWNER is ``-`` or ``uid:gid`` to become: PostgreSQL
refuses root. An account without rights could not even read a checkout under ``/root``, so it keeps the capability of
reading, and no other.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAP_DAC_OVERRIDE = 1
CAP_DAC_READ_SEARCH = 2
CAPABILITY_VERSION_3 = 0x20080522


def become(libc: ctypes.CDLL, uid: int, gid: int) -> None:
    """Change to an account and keep the right to read what the parent could read, where the kernel grants it."""
    libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    for capability in (CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE):  # containers often grant the second only
        header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
        mask = 1 << capability
        data = (ctypes.c_uint32 * 6)(mask, mask, mask, 0, 0, 0)
        if libc.capset(header, data) == 0 and libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) == 0:
            return


def main(parent: str, signal: str, owner: str, separator: str, *program: str) -> None:
    """Replace this process by ``program``."""
    if separator != "--" or not program:
        sys.exit("launch.py PARENT SIGNAL OWNER -- PROGRAM ARGUMENTS")
    libc = ctypes.CDLL(None, use_errno=True)
    if owner != "-":
        uid, _, gid = owner.partition(":")
        become(libc, int(uid), int(gid))
    if int(signal):
        libc.prctl(PR_SET_PDEATHSIG, int(signal), 0, 0, 0)  # after the change of account, which clears it
        if os.getppid() != int(parent):
            sys.exit("the parent ended before its child began")
    os.execv(program[0], program)  # noqa: S606  no shell is what we want


if __name__ == "__main__":
    main(*sys.argv[1:])
