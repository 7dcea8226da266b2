"""The messages between the programs: their types, how they are written and read, error words, exit codes and command lines."""
