"""``python -m toolkit`` is ``gitops``."""

from toolkit.cli.main import main

if __name__ == "__main__":
    main()
