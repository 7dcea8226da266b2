"""Print in one line how much there is to watch LeadModels by; `make monitoring` ends with it."""

from monitoring.counts import summary

print(summary())
