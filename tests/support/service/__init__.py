"""The running services, with clients and visitors: the offices' pages, the public pages, and sign-in."""
