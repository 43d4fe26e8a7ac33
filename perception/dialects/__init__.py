"""Parsers for the formats in which models write places and actions.

Code that a model wrote is parsed and looked up in a table of allowed calls. It is never executed. What cannot be parsed
raises ActionRefused with a sentence that can be sent back to the model.
"""

from __future__ import annotations

from handeye.perception.dialects.action_parser import PARSERS, parse_action
from handeye.perception.dialects.boxes import parse_boxes, parse_point

__all__ = ["PARSERS", "parse_action", "parse_boxes", "parse_point"]
