"""Pictures of our own making on which every box is known: a measure for what finds things on a screen.

`handeye eval scenarios/suites/grounding` asks for all of them; `grounding.yaml` says what the embedded default finds.
"""
