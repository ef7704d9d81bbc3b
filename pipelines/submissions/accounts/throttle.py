"""Limits on password attempts: by address and account, by address, by known browser; slow-down by account.

Nobody can lock another's account. Wrong passwords from one address stop that address only. Many addresses together
slow an account down for browsers that have not signed in to it before; a browser that has (it holds a device cookie,
see OWASP "Slow Down Online Guessing Attacks with Device Cookies") is counted by itself.

The counters belong to one process and end with it. An attempt is counted before its password is compared, so that
many at once get no more tries than one after another; a right password takes its count back.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

PER_PAIR = RateLimitItemPerMinute(5, 15, namespace="address and account")
"""Wrong passwords for one account from one address in a quarter of an hour."""
PER_ADDRESS = RateLimitItemPerMinute(30, 15, namespace="address")
"""Wrong passwords for any accounts from one address; a whole office may share it."""
PER_DEVICE = RateLimitItemPerMinute(10, 15, namespace="device")
"""Wrong passwords for its account from a browser that has signed in to it before."""
PER_ACCOUNT = RateLimitItemPerHour(10, namespace="account")
"""Wrong passwords for one account from unknown browsers before further attempts wait."""
LONGEST_DELAY = 8.0
"""Seconds that an attempt waits at most once an account is slowed down: 1, 2, 4, then 8."""
LONGEST_ACCOUNT = 64
"""Characters of an account's name that are told apart; no account has more."""
MOST_WAITING = 4
"""Attempts on one account that wait at a time: with 8 seconds each, one try every two seconds from all the world."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an attempt comes from: a network, and the id of a browser that has signed in to this account before."""

    network: str
    device: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A counted attempt: the seconds that it waits before it is compared, and the counters that it is in."""

    delay: float
    counters: tuple[str, ...]


class ThrottledError(Exception):
    """An attempt that is not compared; `seconds` says when the next one may be."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"too many attempts; wait {seconds} s")
        self.seconds = seconds


class Throttle:
    """The counters of one process; safe in threads."""

    def __init__(self) -> None:
        self._storage = MemoryStorage()
        self._limiter = FixedWindowRateLimiter(self._storage)
        self._waiting: Counter[str] = Counter()

    def count(self, origin: Origin, account: str) -> Attempt:
        """Count an attempt on an account, whether there is such an account or not. Raises ThrottledError."""
        account = account[:LONGEST_ACCOUNT]
        if origin.device and self._limiter.hit(PER_DEVICE, origin.device, account):
            return Attempt(0.0, (PER_DEVICE.key_for(origin.device, account),))
        limited = ((PER_PAIR, (origin.network, account)), (PER_ADDRESS, (origin.network,)))
        for item, key in limited:
            if not self._limiter.hit(item, *key):
                raise ThrottledError(self._seconds(item, *key))
        of_account = PER_ACCOUNT.key_for(account)
        beyond = self._storage.incr(of_account, PER_ACCOUNT.get_expiry()) - PER_ACCOUNT.amount
        delay = min(2.0 ** min(beyond - 1, 10), LONGEST_DELAY) if beyond > 0 else 0.0
        return Attempt(delay, (*(item.key_for(*key) for item, key in limited), of_account))

    @contextmanager
    def waiting(self, account: str) -> Iterator[None]:
        """Take one of an account's few places for attempts that wait. Raises ThrottledError if none is free."""
        account = account[:LONGEST_ACCOUNT]
        if self._waiting[account] >= MOST_WAITING:
            raise ThrottledError(ceil(LONGEST_DELAY))
        self._waiting[account] += 1
        try:
            yield
        finally:
            self._waiting[account] -= 1
            if not self._waiting[account]:
                del self._waiting[account]

    def forgive(self, attempt: Attempt) -> None:
        """Take back an attempt whose password was right: the first of its counters ends, the others lose this one.

        Otherwise somebody with an account could end the count of an address by signing in to it.
        """
        first, *others = attempt.counters
        self._storage.clear(first)
        for key in others:
            self._storage.decr(key)

    def _seconds(self, item: RateLimitItem, *key: str) -> int:
        return max(1, ceil(self._limiter.get_window_stats(item, *key).reset_time - time.time()))
