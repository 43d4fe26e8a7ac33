"""Words of English that the grammar knows by themselves. Verbs with their sentences are in `families/`.

Language knowledge, for any page; other languages have the same tables in `languages/`.
"""

# ruff: noqa: E501 - a way of saying something is one line, however long

from __future__ import annotations

import re

_VERBS = """
accept acknowledge activate add agree allow answer append apply approve archive arrange assign attach back block
bookmark book browse build buy calculate call cancel change choose clear clone close collapse comment compare
complete compose compute confirm connect continue convert copy create customise customize cut deactivate decline
decrease delete deny deselect disable disconnect discard dismiss display donate download draw duplicate edit eject
email empty enable encrypt end enlarge enrol enroll erase exit expand explore export favourite favorite file filter
find finish flag follow format forward generate get give go grant hide highlight ignore import increase insert
inspect install invite join keep launch learn leave like link list listen load lock log logout login mail make
manage mark maximise maximize merge message minimise minimize modify move mute new next open order pack park pause
pay pin place play plus post preview previous print proceed process promote publish pull purchase push quit rate
reactivate read rearrange receive redo refresh refuse register reject release reload remove rename renew reopen
repeat replace reply report request resend reserve reset resize resolve restart restore resume retry return review
rotate run save schedule search see select send set share show shuffle skip snooze sort split star start stop
submit subscribe subtract switch sync synchronise synchronize tag take test toggle track transfer translate trash
turn unarchive unblock undelete undo unfollow uninstall unlike unlink unlock unmute unpin unselect unshare unstar
unsubscribe untag update upgrade upvote downvote validate verify view visit vote watch withdraw write zoom
check sign checkout signup signin signout
"""
#: Verbs that people say when they mean the control called so. With these, what follows may be a thing on the screen.
LABEL_VERBS = frozenset(_VERBS.split())

#: Words after a verb that belong to it: "check out", "sign up", "turn on".
PARTICLES = frozenset({"out", "in", "up", "off", "on", "down", "back", "over", "away", "through", "forward", "all"})

NUMBERS = {
    word: number
    for number, words in enumerate(
        ("zero|no", "one|a|an|once", "two|twice", "three|thrice", "four", "five", "six", "seven", "eight", "nine", "ten")
    )
    for word in words.split("|")
} | {"eleven": 11, "twelve": 12}  # fmt: skip

ARTICLES = frozenset(
    [
        "the", "a", "an", "my", "your", "our", "its", "their", "his", "her", "this", "that", "these",
        "those", "any", "some", "all", "each", "both", "every",
    ]
)  # fmt: skip
ORDINALS = frozenset(
    ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth", "last", "final", "topmost", "bottommost", "penultimate", "next"]
) | {f"{n}{'st' if n % 10 == 1 and n != 11 else 'nd' if n % 10 == 2 and n != 12 else 'rd' if n % 10 == 3 and n != 13 else 'th'}" for n in range(1, 100)}  # fmt: skip
LOOKS = frozenset(
    [
        "blue", "red", "green", "yellow", "orange", "purple", "violet", "pink", "grey", "gray", "black",
        "white", "brown", "teal", "dark", "light", "big", "large", "small", "little", "tiny", "round",
        "square", "bold", "coloured", "colored", "highlighted", "main", "primary",
    ]
)  # fmt: skip
#: Words between a target and what identifies it.
RELATIONS = frozenset(
    [
        "in", "inside", "within", "on", "of", "from", "at", "with", "for", "by", "near", "next", "beside",
        "besides", "below", "under", "underneath", "beneath", "above", "over", "after", "before", "behind",
        "left", "right", "containing", "showing", "having", "including", "labelled", "labeled", "called",
        "named", "titled", "saying", "reading", "between", "against", "to", "onto", "as", "which", "that",
        "whose", "following", "located", "marked", "opposite",
    ]
)  # fmt: skip
#: Words that no unquoted name of a control contains.
STOPS = frozenset(
    [
        "until", "till", "while", "unless", "because", "if", "whether", "should", "must", "shall", "would",
        "is", "are", "was", "were", "be", "been", "being", "am", "does", "do", "did", "not", "never",
        "cannot", "without", "then", "when", "whenever", "otherwise", "else", "so", "please", "i", "we",
        "you", "me", "us", "him",
    ]
)  # fmt: skip
HARD_WORDS = frozenset(
    ["and", "or", ",", ":", "=", "in", "on", "at", "to", "into", "from", "with", "for", "as", "of", "by"]
)
#: Words that ask for a judgement that no rule can make.
JUDGED = frozenset(
    [
        "best", "nicest", "nice", "good", "great", "better", "cheap", "interesting", "suitable",
        "appropriate", "whatever", "something", "anything", "everything", "somehow", "somewhere",
        "yourself", "random", "beautiful", "funny",
    ]
)  # fmt: skip
#: Words that compare the values of items; verbs that are labels do not take them.
SUPERLATIVES = frozenset(
    ["cheapest", "latest", "newest", "oldest", "biggest", "smallest", "highest", "lowest", "most", "least"]
)
_FIELD_NOUNS = (
    "username|user name|user id|userid|login|password|passcode|pin|email|e-mail|email address|e-mail address|phone"
    "|phone number|first name|last name|full name|given name|family name|surname|address|city|town|country|zip"
    "|zip code|postal code|post code|postcode|street|company|age|coupon|coupon code|code"
)
FIELD_NOUNS = frozenset(_FIELD_NOUNS.split("|"))

_ENDINGS = """
txt md pdf doc docx odt rtf csv tsv xls xlsx ods ppt pptx odp png jpg jpeg gif webp svg bmp tif tiff mp3 mp4 wav ogg
mov avi mkv zip tar gz bz2 xz 7z rar exe msi deb rpm iso json yaml yml toml xml ini cfg conf log py js ts css c h cpp
java rs go rb php sh bat sql db sqlite ipynb tex bib bak tmp
"""
#: Endings of file names, which are no web addresses.
FILE_ENDINGS = frozenset(_ENDINGS.split())
#: CSS selectors and test ids: `#id`, `.class`, `tag#id`, `[data-testid=x]`.
SELECTORS = re.compile(r"(?:[a-z][\w-]*)?(?:[#.][A-Za-z_-][\w-]*|\[[\w-]+[~|^$*]?=?[^\]]*\])[^\n]*$")

#: Parts of templates that many of them share: `@name`.
MACROS = {
    "times": "[<times:number> times | once {times=1} | twice {times=2} | thrice {times=3}]",
    "click": "click|press|tap|hit|push|activate|trigger|touch|focus|left-click|leftclick|choose|pick|select [on|at|onto|into]",
    "person": "( [the|a|an|this] user|users|customer|visitor|person|tester|admin|guest|member|actor | i | we | you | they | one )",
    "textword": "[the] [exact|following] [text|word|words|value|string|message|line|phrase|sentence|characters|number] [:|of]",
    "into": "into|inside|in|to|on|onto|at|under|as|for",
    "now": "[now|still|currently|also|already|correctly|successfully|properly|automatically|immediately|then|always|ever|indeed|fully|all]*",
    "not": "( not {no=1} [longer|anymore] | no longer {no=1} | never {no=1} )",
    "aux": "[should|must|will|can|shall|do|does|did|to|then|now|also|still|able|be-able]* [@not] [to] @now",
    "be": "@aux ( be|is|are|was|were|am|been|being|gets|get|becomes|become|stays|remains|stay|remain | has been | have been ) [@not] @now",
    "mode": "[mode|option|value|entry|item|choice]",
    "there": "( shown|displayed|visible|present|there|listed|available|seen|found|rendered|viewable|presented|here"
    " | on [the] page|screen|list|site | in [the] list | in view | to be seen )",
    "gone": "hidden|gone|absent|missing|invisible|removed|away|deleted",
    "comes": "( appear|appears|appeared|exist|exists|shows|show|load|loads|open|opens|loaded [up] | come|comes|pop|pops|turn|turns up | is shown )",
    "leaves": "( disappear|disappears|disappeared|vanish|vanishes|close|closes | goes|go away )",
    "where": "[ somewhere|anywhere|now|today | anywhere on the page | (on|in) [the|this] page|screen|list|results|site | any more | any longer | in it | on it ]",
    "page": "( [the|this|that|our|a|new|next|current|resulting|whole|results|result|web]* page|webpage|screen|site|website|window|app|application"
    "|program|browser|list|table|form|document|editor|text|terminal|view|output|display|status|message|result|results|content [bar|content] | it )",
    "shows": "show|shows|contain|contains|display|displays|say|says|read|reads|has|have|hold|holds|include|includes|list|lists|mention|mentions|present|presents|greet|greets",
    "sees": "see|sees|saw|find|finds|observe|observes|view|views|notice|notices|have|has|get|gets",
    "equals": "equal|equals|reads|read|says|say|match|matches|=|==",
    "holds": "( contain|contains|include|includes|has|have|hold|holds|show|shows|mention|mentions|display|displays | start|starts|begin|begins|end|ends with )",
    "textkind": "[the|a|an|some|following|exact]* [error|success|confirmation|warning|info|toast] [text|texts|word|words|message|messages|string|phrase|sentence|label|error|warning|notice|notification|toast|value] [:|of|saying|as]",
    "title": "[the|a|this] [page|window|tab|browser|document] [page's|window's|'s] title",
    "url": "[the|this|our|a] [page|current|browser|web] url|address|location [bar]",
    "alert": "[the|a|an|any|no] [javascript|js|confirm|confirmation|browser|alert] alert|dialog|dialogue|popup|pop-up|prompt|confirm|pop|modal [box|window|popup|up|dialog]",
    "having": "[with|that|which|says|saying|reads|reading|contains|containing|has|having|of|as|text|message|the|a|an|:|is|called|named|partial]*",
    "compare": "( (at least | no fewer than | no less than | a minimum of) {compare=>=} | (at most | no more than | up to | a maximum of) {compare=<=}"
    " | (more than | over) {compare=>} | (fewer|less than | under) {compare=<} | exactly|only|just|precisely {compare==} | a total of {compare==} )",
    "state": "( checked|ticked|on {state=checked} | (switched|turned on) {state=checked} | unchecked|unticked|off {state=checked} {off=1} | (switched|turned off) {state=checked} {off=1}"
    " | selected|chosen|highlighted {state=selected} | unselected|deselected {state=selected} {off=1} | enabled|active|clickable|editable {state=enabled}"
    " | disabled|inactive|unclickable {state=enabled} {off=1} | (greyed|grayed out) {state=enabled} {off=1} | (focused|focussed | in focus) {state=focused} )",
    "unit": "s|sec|secs|second|seconds|m|min|mins|minute|minutes|ms|milliseconds|millisecond|moment|moments",
    "valueof": "[the] [current|whole|exact] value|text|contents|content (of|in|from|inside)",
    "adverb": "[successfully|again|immediately|directly|carefully|quickly|simply|just|then|now|also|manually]*",
    "asserts": "( [please|also|then]* check|verify|ensure|assert|expect|confirm|validate|test|see|double-check [:] | make|be sure | double check )",
}  # fmt: skip

#: Words before a verb that change nothing: who does it, when, and how politely it is requested.
LEADS = (
    "@person [then|now|will|shall|can|must|also|just|again]* [want|wants|need|needs|have|has|try|tries|attempt|attempts|decide|decides|choose|chooses|continue|proceed|proceeds to]",
    "i|we would like [you|it] to", "i'd like [you] to", "i want|need [you|it] to", "i|we want|need you to",
    "can|could|would|will you [please]", "you should|must|can|will", "you have|need to",
    "please|pls|kindly|now|then|next|finally|lastly|afterwards|also|and|but|so|ok|okay|just|simply|quickly|again|first|firstly|second|secondly|third|thirdly|immediately|carefully|directly|given|when|hey|hello|hi|last",
    "to begin|start [with]", "at first|last", "first|last of all", "in the end", "let's", "let us", "go ahead and",
    "try to|and", "make|be sure to|you", "do|never not forget to", "never forget to", "remember to",
    "[your|my|the] task|job|goal|aim is to", "help me [to]", "start|begin|proceed by", "use the <noun> to", "it should", ",", "user story",
)  # fmt: skip
#: Words at the end that change nothing.
TRAILS = {
    "please": 0.001, "for me": 0.001, "if you can": 0.001, "if you please": 0.001, "if possible": 0.001,
    "successfully": 0.03, "again": 0.05, "now": 0.05, "thanks": 0.4, "thank you": 0.4,
}  # fmt: skip

#: Words that deny.
DENIALS = frozenset(
    [
        "not", "no", "never", "none", "neither", "nor", "nothing", "nobody", "without", "nowhere", "hardly",
        "isnt", "arent", "doesnt", "dont", "wont", "cant",
    ]
)  # fmt: skip
#: What begins a condition, and whether the clause waits for it, or is left out unless it holds.
CONDITIONS = {
    "if": "if", "in case": "if", "only if": "if", "provided that": "if", "provided": "if", "should": "if", "unless": "unless",
    "once": "wait", "as soon as": "wait", "after": "wait", "when": "wait", "whenever": "wait",
}  # fmt: skip
OTHERWISE = ("otherwise", "else", "if not")
SEQUENCE = ("then", "after that", "afterwards", "after which")
#: Pieces of a goal that say nothing by themselves.
EMPTY_PIECES = frozenset(
    ["please", "now", "then", "next", "first", "firstly", "second", "secondly", "third", "thirdly", "finally", "lastly", "afterwards", "also", "ok", "okay", "again", "thanks", "cheers", "hi", "hello", "hey", "and", "so", "bye", "but"]
) | {"thank you", "after that", "in the end", "to begin", "to begin with", "to start", "to start with"}  # fmt: skip
