"""Show modules of the project a system without POSIX: the platform is win32, and names that it lacks are absent.

Libraries see the real system. A module of the project gets the view when it imports `sys`, `os` or `signal`, at its top
or in a function, so that a call that Windows does not have fails here as it does there.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any, Final

PACKAGES: Final = ("pipelines", "expectations", "dashboards")
MISSING_MODULES: Final = ("fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty", "readline")
_MISSING_IN_OS = """
fork forkpty register_at_fork getuid geteuid getgid getegid getgroups setuid seteuid setgid setegid setgroups initgroups
setsid getsid getpgid getpgrp setpgid setpgrp killpg nice getpriority setpriority PRIO_PROCESS PRIO_PGRP PRIO_USER
chown fchown lchown chroot mkfifo mknod major minor makedev statvfs fstatvfs ST_RDONLY uname wait wait3 wait4 waitid
WNOHANG WIFEXITED WIFSIGNALED WEXITSTATUS WTERMSIG sched_getaffinity sched_setaffinity sched_yield getloadavg sysconf
confstr pathconf ttyname openpty ctermid pread pwrite preadv pwritev readv writev posix_fadvise posix_fallocate
posix_spawn sendfile copy_file_range splice unshare setns memfd_create pidfd_open eventfd lockf F_LOCK F_ULOCK pipe2
sync fdatasync fchdir O_DIRECTORY O_NOFOLLOW O_CLOEXEC O_NONBLOCK O_SYNC O_DSYNC O_NOCTTY O_PATH O_TMPFILE
getxattr setxattr
"""
_MISSING_IN_SIGNAL = """
SIGALRM SIGBUS SIGCHLD SIGCONT SIGHUP SIGIO SIGKILL SIGPIPE SIGPROF SIGQUIT SIGSTOP SIGSYS SIGTRAP SIGTSTP SIGTTIN
SIGTTOU SIGURG SIGUSR1 SIGUSR2 SIGVTALRM SIGWINCH SIGXCPU SIGXFSZ ITIMER_REAL ITIMER_VIRTUAL ITIMER_PROF alarm setitimer
getitimer pause siginterrupt pthread_kill pthread_sigmask sigpending sigwait sigwaitinfo sigtimedwait
"""
MISSING_NAMES: Final = {"os": frozenset(_MISSING_IN_OS.split()), "signal": frozenset(_MISSING_IN_SIGNAL.split())}
"""Names that Python's documentation does not have for Windows."""


class WindowsModule:
    """A module of the standard library as Windows has it; everything else is passed on."""

    def __init__(self, real: ModuleType) -> None:
        object.__setattr__(self, "_real", real)

    def __getattr__(self, name: str) -> Any:
        real: ModuleType = object.__getattribute__(self, "_real")
        if name in MISSING_NAMES.get(real.__name__, ()):
            raise AttributeError(f"module {real.__name__!r} has no attribute {name!r} on Windows")
        return "win32" if (real.__name__, name) == ("sys", "platform") else getattr(real, name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(object.__getattribute__(self, "_real"), name, value)


_views: dict[str, WindowsModule] = {}
_import = builtins.__import__


def install_view() -> None:
    """Show the view to the project in this process and its reading processes. Nothing of it may be imported before."""
    loaded = [name for name in sys.modules if name.partition(".")[0] in PACKAGES]
    if loaded:
        raise RuntimeError(f"{loaded[0]} was imported before and sees the real system")
    builtins.__import__ = _import_as_windows
    from pipelines.reading.sandbox import spawning

    # A reading process is a new interpreter: it gets the view before it imports anything of the project.
    first, last = spawning._CODE.split("from pipelines", 1)
    spawning._CODE = f"{first}from tests.support.windows_view import install_view; install_view(); from pipelines{last}"


def _import_as_windows(
    name: str,
    globals: Mapping[str, object] | None = None,
    locals: Mapping[str, object] | None = None,
    fromlist: Sequence[str] | None = (),
    level: int = 0,
) -> ModuleType | WindowsModule:
    is_ours = str((globals or {}).get("__name__", "")).partition(".")[0] in PACKAGES
    if is_ours and name.partition(".")[0] in MISSING_MODULES:
        raise ModuleNotFoundError(f"No module named {name!r} on Windows", name=name)
    module = _import(name, globals, locals, fromlist or (), level)
    if is_ours and module.__name__ in ("sys", *MISSING_NAMES):
        return _views.setdefault(module.__name__, WindowsModule(module))
    return module
