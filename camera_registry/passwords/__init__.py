"""Changes of the password of many cameras, in the vault alone or on the devices as well."""
