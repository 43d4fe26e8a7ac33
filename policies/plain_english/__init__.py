"""The policy that follows explicit English steps: `parse` reads them, `PlainEnglish` carries them out."""

from handeye.policies.plain_english.english_policy import PlainEnglish
from handeye.policies.plain_english.parsing import parse

__all__ = ["PlainEnglish", "parse"]
