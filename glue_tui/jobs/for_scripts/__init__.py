"""What Glue has on the path of every script: this folder is the last of a script's `sys.path`."""
