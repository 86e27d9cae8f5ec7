from sluice_cli.cli import main

main()
