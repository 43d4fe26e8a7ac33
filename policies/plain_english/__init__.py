"""The policy that follows explicit English steps: `parse` reads them, `PlainEnglish` carries them out."""

from handeye.policies.plain_english.parsing import parse
from handeye.policies.plain_english.policy import PlainEnglish

__all__ = ["PlainEnglish", "parse"]
