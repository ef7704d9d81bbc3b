"""What tests of the sign-in share."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher

from pipelines.submissions.accounts import passwords


@pytest.fixture
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash passwords quickly, for tens of attempts: what Argon2 costs is tested in test_accounts.py."""
    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
