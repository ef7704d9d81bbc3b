"""Sign people in to the offices' pages, with a password or an OpenID Connect provider, and keep their sessions."""
