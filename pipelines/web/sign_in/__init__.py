"""Sign people in to the offices' pages: the built-in OpenID Connect provider, and the claims of any provider."""
