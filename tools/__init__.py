"""Makes the data files of the packages from public data sets; run by targets of the Makefile."""
