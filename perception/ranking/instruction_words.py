"""English of instructions: verbs of the hand, purpose clauses, places, colours and states. No page is known here."""

from __future__ import annotations

import re

#: Verbs of the hand and the eye: never the name of what they are done to.
_HAND = (
    r"(?:(?:single|double|triple|right|left|middle)[- ]?)?click(?:\s+(?:on|onto|at|over|in|inside))?"
    r"|tap(?:\s+(?:on|at))?|press(?:\s+(?:on|down))?|push|hit|touch|point\s+(?:at|to)|hover(?:\s+(?:over|on))?"
    r"|move\s+(?:the\s+)?(?:mouse|cursor|pointer)\s+(?:to|over|onto)|focus(?:\s+on)?|scroll\s+(?:down\s+|up\s+)?to"
    r"|navigate\s+to|go\s+(?:in)?to|head\s+(?:over\s+)?to|jump\s+to|switch\s+to|visit|access|bring\s+up"
    r"|find|locate|identify|spot|look\s+(?:for|at)|see|use|interact\s+with|place\s+(?:the\s+)?cursor\s+(?:in|on)"
    r"|drag|grab|select|choose|pick|highlight|tick|check|untick|uncheck|toggle|mark"
    r"|fill(?:\s+(?:in|out))?|put\s+(?:the\s+)?(?:cursor|caret|focus)\s+(?:in|into|on)"
    r"|(?:turn|switch)(?=\s.*\s(?:on|off)$)|(?:change|set|adjust|activate|turn|make|get|give)(?=\s+(?:the|an?|my|your)\s)"
)
#: Verbs that may be the name of a control as well: “close the window”, “open settings”.
_NAMING = (
    r"open(?:\s+up)?|close|view|show|hide|display|expand|collapse|enable|disable|activate|deactivate|turn\s+(?:on|off)"
    r"|start|stop|launch|run|search(?:\s+for)?|save|delete|remove|add|create|edit|change|set|adjust|increase|decrease"
    r"|minimi[sz]e|maximi[sz]e|restore|refresh|reload|play|pause|mute|unmute|zoom\s+(?:in|out)|copy|paste|cut|undo|redo"
    r"|print|share|download|upload|send|submit|apply|confirm|cancel|clear|reset|filter|sort|import|export|install"
    r"|sign\s+(?:in|out|up)|log\s+(?:in|out)|insert|attach|reply|forward|rename|pin|unpin|lock|unlock|follow|like"
    r"|check\s+out|read|browse|explore|manage|configure|customi[sz]e|review|compare|book|buy|order|dismiss|skip"
    r"|return\s+to|go\s+back(?:\s+to)?|go\s+(?:up|forward|home)|get|make|call|exit|quit|leave|join|rate|report|subscribe"
)
_POLITE = (
    r"(?:(?:please|kindly|now|then|next|first|finally|just|also|and|so|ok(?:ay)?)[,\s]+"
    r"|(?:can|could|would|will)\s+you\s+(?:please\s+)?|(?:i|we|you)\s+(?:want|need|would\s+like|have|should|must|can)"
    r"(?:\s+to)?\s+|i'd\s+like\s+to\s+|let'?s\s+|try\s+to\s+|(?:where|what|which)\s+(?:is|are)\s+"
    r"|how\s+(?:do|can|to)\s+(?:i\s+|you\s+|we\s+)?)*"
)
#: The verb of an instruction; its group `verb` is set where the verb can be a name.
ACTION = re.compile(rf"^{_POLITE}(?:(?:{_HAND})|(?P<verb>{_NAMING}))(?=\s)\s*", re.IGNORECASE)
#: An instruction whose verb is one of the hand.
HAND = re.compile(rf"^{_POLITE}(?:{_HAND})\s", re.IGNORECASE)
#: What follows is the target; what came before is the purpose.
BY_HAND = re.compile(
    r"\s+(?:by|via|through|using)\s+(?:(?:click|tapp?|press|select|choos|us|hitt|open|check|toggl)ing\s+(?:on\s+)?)?"
    r"(?=(?:the|on)\s)",
    re.IGNORECASE,
)
#: Instructions that write a value into a target.
WRITE_INTO = re.compile(
    rf"^{_POLITE}(?:(?:type|enter|write|input|put|insert|paste|key)\s+(?:in\s+)?(?P<value>.+?)\s+"
    r"(?:into\s+(?=\S)|(?:into|in|inside|to|at|on)\s+(?=(?:the|this|that|your|my|an?)\s))(?P<target>.+)$"
    r"|(?:choose|select|pick)\s+(?:something|another|one|an?\s+\w+)(?:\s+\w+)?\s+(?:in|from|of)\s+"
    r"(?P<list>(?:the|this)\s.+)$"
    r"|fill(?:\s+(?:in|out))?\s+(?P<filled>.+?)\s+with\s+.+$)",
    re.IGNORECASE,
)

_VERB_AFTER_TO = (
    "access|accept|activate|add|adjust|allow|answer|apply|approve|archive|arrange|ask|attach|avoid|be|become|begin|block"
    "|book|bring|browse|build|buy|call|cancel|change|chat|check|choose|clear|close|collapse|compare|complete|compose"
    "|configure|confirm|connect|contact|continue|convert|copy|create|customi[sz]e|cut|deactivate|decline|decrease|define"
    "|delete|design|determine|disable|discard|discover|dismiss|display|do|download|draw|edit|enable|end|ensure|enter"
    "|examine|execute|exit|expand|explore|export|extend|fill|filter|find|finish|fix|follow|format|get|give|go|handle"
    "|have|help|hide|highlight|identify|import|improve|include|increase|insert|inspect|install|join|jump|keep|know|launch"
    "|learn|leave|let|like|list|listen|load|locate|log|look|make|manage|mark|match|maximi[sz]e|meet|minimi[sz]e|modify"
    "|move|mute|navigate|open|order|organi[sz]e|pause|pay|perform|pick|play|post|prepare|prevent|preview|print|proceed"
    "|process|protect|provide|publish|purchase|put|quit|rate|reach|read|receive|record|redo|reduce|refine|refresh"
    "|register|reload|remove|rename|replace|reply|report|request|reset|resize|resolve|restart|restore|retrieve|return"
    "|reveal|review|rotate|run|save|scan|schedule|scroll|search|see|select|send|set|share|show|sign|skip|sort|start|stay"
    "|stop|store|submit|subscribe|switch|sync|take|talk|test|toggle|track|transfer|translate|try|turn|type|undo|unlock"
    "|unsubscribe|update|upgrade|upload|use|validate|verify|view|visit|watch|work|write|zoom"
)
#: Where an explanation begins: it says what an action is for, or what a control does.
PURPOSE = re.compile(
    r"(?:^|(?<!next)(?<!close)(?<!adjacent)(?<!near)(?<!left)(?<!right)[\s,]+)"
    rf"(?:(?:in\s+order\s+|so\s+as\s+)?to\s+(?:\w+ly\s+)?(?-i:{_VERB_AFTER_TO})\b"
    r"|so\s+(?:that\s+|(?:i|we|you)\s+(?:can|could|may)\b)|because\b|since\b"
    r"|for\s+(?:\w+ly\s+)?[a-z]{2,}ing\b|(?:which|that)\s+(?:opens?|allows?|lets?|takes?|leads?|brings?|enables?|starts?"
    r"|stops?|will|would|can|is\s+used|helps?|provides?|represents?|adds?|removes?|creates?|deletes?|closes?|changes?"
    r"|toggles?|switches|controls?|launches|searches|saves?|sends?|submits?|goes|displays?)\b"
    r"|where\s+(?:i|we|you|users?)\s|for\s+(?:me|us)\b|(?:once|twice)$|before\s+(?:i|we|you)\b"
    r"|and\s+(?:then\s+)?\w+\s+(?:on\s+)?(?:it|that|them)\b|(?:and\s+)?then\s+\w+"
    r"|used\s+(?:to|for)\b|and\s+(?:then\s+)?(?:wait|see|check|verify|make\s+sure|observe)\b"
    r"|if\s+(?:i|we|you|it|there)\b|when\s+(?:i|we|you)\b|after\s+which\b)",
    re.IGNORECASE,
)

_VERTICAL, _HORIZONTAL = r"(?:top|upper|bottom|lower)", r"(?:left|right|cent(?:er|re)|middle)"
#: A place on the screen: “at the top right of the page”, “upper left”, “in the lower right corner”.
PLACE = re.compile(
    r"(?:(?:^|[\s,]+)(?:(?:which|that)\s+is\s+|located\s+|shown\s+|found\s+|displayed\s+|placed\s+|positioned\s+)?"
    r"(?:at|in|on|to|near|along|towards?|from)\s+(?:the\s+)?|^)"
    rf"(?:very\s+|far\s+|extreme\s+)?(?:{_VERTICAL}(?:[- ]?most)?(?:[- ]?{_HORIZONTAL})?|{_HORIZONTAL}(?:[- ]?most)?)"
    r"(?:[- ]hand)?(?:\s+(?:corner|side|part|edge|half|end|area|section|portion|of\s+(?:the\s+|this\s+)?(?:whole\s+)?"
    r"(?:page|screen|window|site|website|app|application|view|display|interface|desktop)))*(?=$|\s|,)"
    r"(?!\s+(?:of|to|from)\s)",
    re.IGNORECASE,
)
COLOURS = frozenset((
    "blue", "red", "green", "yellow", "orange", "purple", "violet", "pink", "grey", "gray", "black", "white", "brown",
    "teal", "cyan", "dark", "light",
))  # fmt: skip
#: Adjectives that say how a control is, and the state that they mean.
STATES = {
    "selected": "selected", "active": "selected", "current": "selected", "highlighted": "selected",
    "checked": "checked", "ticked": "checked", "unchecked": "unchecked", "unticked": "unchecked", "empty": "empty",
    "disabled": "disabled", "greyed-out": "disabled", "enabled": "enabled", "open": "open", "opened": "open",
    "big": "", "large": "", "small": "", "little": "", "tiny": "", "round": "", "square": "", "rounded": "",
    "circular": "", "bold": "", "coloured": "", "colored": "", "main": "", "primary": "", "secondary": "",
    "corresponding": "", "appropriate": "", "available": "", "relevant": "", "respective": "", "specific": "",
}  # fmt: skip
#: Kinds that only pictures show, or that people say in instructions; see `phrase.ROLE_WORDS` for the others.
MORE_KINDS = {
    "pictogram": "icon", "glyph": "icon", "sign": "icon", "emblem": "icon", "address bar": "field", "url bar": "field",
    "location bar": "field", "choice": "radio", "tickbox": "checkbox",
}  # fmt: skip
#: Clauses about the person, which name no target.
ABOUT_PERSON = re.compile(r"^(?:i|we|you)(?:'\w+)?\s", re.IGNORECASE)
#: Words that say nothing about a target.
EMPTY_WORDS = frozenset((
    "the", "a", "an", "of", "to", "in", "on", "at", "for", "and", "or", "with", "by", "from", "is", "are", "be", "it",
    "its", "this", "that", "these", "those", "my", "your", "our", "their", "as", "into", "page", "screen", "window",
    "app", "application", "website", "site", "option", "button", "icon",
))  # fmt: skip
