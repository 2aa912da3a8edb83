"""`python -m ivr` is `ivr`: how the supervisor starts its children."""

from ivr.cli import main

if __name__ == "__main__":
    main()
