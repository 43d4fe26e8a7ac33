"""What is specific to InternVL: image tiling, prompts, model profiles, visual positions and coordinate calibration."""
