"""The phrase reader: from the words of a person to elements of an observation."""
