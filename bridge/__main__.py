"""``python -m bridge`` is ``offhook``."""

from bridge.cli import main

if __name__ == "__main__":
    main()
