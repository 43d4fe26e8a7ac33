"""What a picture or page shows: text by OCR, lines and rows, containers, outlined controls."""
