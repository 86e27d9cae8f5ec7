"""The command line of sluice: verify, measure, report and gate channels."""
