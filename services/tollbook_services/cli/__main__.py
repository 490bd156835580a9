"""`python -m tollbook_services.cli`: the command without its entry point."""

from tollbook_services.cli import main

if __name__ == "__main__":
    main()
