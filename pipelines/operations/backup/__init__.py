"""Back up a home to an encrypted repository and restore it; everything that is kept is encrypted by age.

`selection` says what belongs in a backup, `staging` takes a consistent view of a running home, `repository` and `keys`
hold the encrypted objects, `saving` and `restoring` do the work.
"""
