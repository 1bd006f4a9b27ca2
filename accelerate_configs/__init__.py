"""Launch configurations for `accelerate launch --config_file`."""
