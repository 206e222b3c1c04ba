"""`python -m bioactive`, the same as the `bioactive` command."""

from bioactive.cli import main

if __name__ == "__main__":
    main()
