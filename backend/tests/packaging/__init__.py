"""What a stranger installs."""
