"""`python -m checkstar` is the command `checkstar`."""

from checkstar.cli import main

if __name__ == "__main__":
    main()
