"""Signing: what proves who signed an image, by cosign's formats."""
