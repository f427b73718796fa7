"""`python -m ioc_api.cli`: how the supervisor starts its roles."""

from ioc_api.cli.main import main

main()
