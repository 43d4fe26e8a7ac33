"""Icons of screenshots: where they are (`blobs`), and what they show (`finder`, `encoder`, `meanings`)."""
