"""One-time links: what is cut off or changed is recognised, and no digest leads to another."""

from __future__ import annotations

from pipelines.survey.links import make_link, parse_token


def test_parse_token_returns_the_link() -> None:
    link = make_link()
    assert parse_token(link.token) == link
    assert make_link().secret != link.secret
    assert link.secret not in repr(link)


def test_parse_token_refuses_what_was_cut_or_changed() -> None:
    token = make_link().token
    wrong = [token[:-1], token[:20], token + "a", "", "x" * 36, token.swapcase(), token[:-1] + "ü", f"{token}\n"]
    assert [parse_token(text) for text in wrong] == [None] * len(wrong)


def test_digests_of_a_link_have_nothing_in_common() -> None:
    link = make_link()
    digests = {
        link.invitation_digest, link.spent_digest, link.draft_digest, link.form_token, link.draft_key.hex(),
    }  # fmt: skip
    assert len(digests) == 5
    assert link.is_form_token(link.form_token)
    assert not link.is_form_token(make_link().form_token)
