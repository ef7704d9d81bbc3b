"""Limit password attempts by address and account, by address, and by known browser; slow them down by account.

Nobody can lock the account of another. Wrong passwords from one address block only that address. Many addresses
together slow an account down for browsers that have not signed in to it before; a browser that has (it has a device
cookie, see OWASP "Slow Down Online Guessing Attacks with Device Cookies") is counted separately.

The counters are in memory and per process. An attempt is counted before its password is compared, so that concurrent
attempts get no more tries than sequential ones; a correct password is subtracted again.
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
"""Limit of wrong passwords for one account from one address in 15 minutes."""
PER_ADDRESS = RateLimitItemPerMinute(30, 15, namespace="address")
"""Limit of wrong passwords for all accounts from one address, which a whole office may share."""
PER_DEVICE = RateLimitItemPerMinute(10, 15, namespace="device")
"""Limit of wrong passwords for one account from a browser that has signed in to it before."""
PER_ACCOUNT = RateLimitItemPerHour(10, namespace="account")
"""Wrong passwords for one account from unknown browsers after which further attempts are delayed."""
LONGEST_DELAY = 8.0
"""Maximum delay of an attempt in seconds; the delays are 1, 2, 4, then 8."""
LONGEST_ACCOUNT = 64
"""Characters of an account's name used in keys; no account has a longer name."""
MOST_WAITING = 4
"""Maximum of delayed attempts per account at a time: with 8 seconds each, at most one try every two seconds overall."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The origin of an attempt: a network, and the id of a browser that has signed in to this account before."""

    network: str
    device: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A counted attempt: its delay in seconds before the comparison, and the counters that include it."""

    delay: float
    counters: tuple[str, ...]


class ThrottledError(Exception):
    """An attempt is refused without comparing the password; the next one is possible after `seconds`."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"too many attempts; wait {seconds} s")
        self.seconds = seconds


class Throttle:
    """The counters of one process. Thread-safe."""

    def __init__(self) -> None:
        self._storage = MemoryStorage()
        self._limiter = FixedWindowRateLimiter(self._storage)
        self._waiting: Counter[str] = Counter()

    def count_attempt(self, origin: Origin, account: str) -> Attempt:
        """Count an attempt on an account, even if the account does not exist. Raises ThrottledError."""
        account = account[:LONGEST_ACCOUNT]
        if origin.device and self._limiter.hit(PER_DEVICE, origin.device, account):
            return Attempt(0.0, (PER_DEVICE.key_for(origin.device, account),))
        limited = ((PER_PAIR, (origin.network, account)), (PER_ADDRESS, (origin.network,)))
        for item, key in limited:
            if not self._limiter.hit(item, *key):
                raise ThrottledError(self._seconds_to_reset(item, *key))
        of_account = PER_ACCOUNT.key_for(account)
        beyond = self._storage.incr(of_account, PER_ACCOUNT.get_expiry()) - PER_ACCOUNT.amount
        delay = min(2.0 ** min(beyond - 1, 10), LONGEST_DELAY) if beyond > 0 else 0.0
        return Attempt(delay, (*(item.key_for(*key) for item, key in limited), of_account))

    @contextmanager
    def occupy_slot(self, account: str) -> Iterator[None]:
        """Occupy one of an account's slots for delayed attempts. Raises ThrottledError if none is free."""
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

    def forgive_attempt(self, attempt: Attempt) -> None:
        """Undo the count of an attempt with a correct password: reset its first counter, decrement the others.

        If all were reset, somebody with an account could clear the count of an address by signing in.
        """
        first, *others = attempt.counters
        self._storage.clear(first)
        for key in others:
            self._storage.decr(key)

    def _seconds_to_reset(self, item: RateLimitItem, *key: str) -> int:
        return max(1, ceil(self._limiter.get_window_stats(item, *key).reset_time - time.time()))
