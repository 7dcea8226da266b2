"""The same decisions on one machine: resources are files, pods and Jobs are child processes, no cluster."""
