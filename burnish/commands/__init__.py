"""The commands of `burnish`, one file each."""
