"""Limit password attempts by address and account, by address, and by known browser; slow them down by account.

Nobody can lock the account of another. Wrong passwords from one address block only that address. Many addresses
together slow an account down for browsers that have not signed in to it before; a browser that has (it has a device
cookie, see OWASP "Slow Down Online Guessing Attacks with Device Cookies") is counted separately.

The counters are in memory and per process. An attempt is counted before its password is compared, so that concurrent
attempts get no more tries than sequential ones; a correct password is subtracted again.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute

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


_MOST_COUNTERS = 10_000
"""Counters kept before those whose time is over are removed."""

Key = tuple[str, ...]
"""A limit's name, and what it counts."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The origin of an attempt: a network, and the id of a browser that has signed in to this account before."""

    network: str
    device: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A counted attempt: its delay in seconds before the comparison, and the counters that include it."""

    delay: float
    counters: tuple[Key, ...]


class ThrottledError(Exception):
    """An attempt is refused without comparing the password; the next one is possible after `seconds`."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"too many attempts; wait {seconds} s")
        self.seconds = seconds


class AttemptCounters:
    """Counters of attempts, each from its first attempt to the end of its limit's time. Thread-safe.

    `MemoryStorage` of the package `limits` starts a thread at almost every count.
    """

    def __init__(self) -> None:
        self._counts: dict[Key, tuple[int, float]] = {}
        """Attempts so far, and when the counter ends (seconds since 1970)."""
        self._counting = threading.Lock()
        self._next_removal = _MOST_COUNTERS

    def count_attempt(self, item: RateLimitItem, key: Key) -> int:
        """Count one more attempt, and return how many there are."""
        now = time.time()
        with self._counting:
            count, end = self._counts.get(key, (0, 0.0))
            if end <= now:
                count, end = 0, now + item.get_expiry()
            self._counts[key] = (count + 1, end)
            if len(self._counts) >= self._next_removal:
                self._counts = {key: value for key, value in self._counts.items() if value[1] > now}
                self._next_removal = max(_MOST_COUNTERS, 2 * len(self._counts))
            return count + 1

    def forgive_attempt(self, key: Key) -> None:
        """Subtract one attempt."""
        with self._counting:
            if key in self._counts:
                count, end = self._counts[key]
                self._counts[key] = (max(0, count - 1), end)

    def reset_counter(self, key: Key) -> None:
        """Forget all attempts of a counter."""
        with self._counting:
            self._counts.pop(key, None)

    def seconds_to_end(self, key: Key) -> int:
        """Return the whole seconds, at least one, until a counter ends."""
        with self._counting:
            return max(1, ceil(self._counts.get(key, (0, 0.0))[1] - time.time()))


class Throttle:
    """The counters of one process. Thread-safe."""

    def __init__(self) -> None:
        self._counters = AttemptCounters()
        self._waiting: Counter[str] = Counter()

    def count_attempt(self, origin: Origin, account: str) -> Attempt:
        """Count an attempt on an account, even if the account does not exist. Raises ThrottledError."""
        account = account[:LONGEST_ACCOUNT]
        if origin.device:
            of_device = _key_of(PER_DEVICE, origin.device, account)
            if self._counters.count_attempt(PER_DEVICE, of_device) <= PER_DEVICE.amount:
                return Attempt(0.0, (of_device,))
        limited = (
            (PER_PAIR, _key_of(PER_PAIR, origin.network, account)),
            (PER_ADDRESS, _key_of(PER_ADDRESS, origin.network)),
        )
        for item, key in limited:
            if self._counters.count_attempt(item, key) > item.amount:
                raise ThrottledError(self._counters.seconds_to_end(key))
        of_account = _key_of(PER_ACCOUNT, account)
        beyond = self._counters.count_attempt(PER_ACCOUNT, of_account) - PER_ACCOUNT.amount
        delay = min(2.0 ** min(beyond - 1, 10), LONGEST_DELAY) if beyond > 0 else 0.0
        return Attempt(delay, (*(key for _, key in limited), of_account))

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
        self._counters.reset_counter(first)
        for key in others:
            self._counters.forgive_attempt(key)


def _key_of(item: RateLimitItem, *counted: str) -> Key:
    return (item.namespace, *counted)
