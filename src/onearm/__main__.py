"""``python -m onearm`` is ``onearm``."""

from onearm.cli import main

if __name__ == "__main__":
    main()
