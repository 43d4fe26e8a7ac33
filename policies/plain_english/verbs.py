"""Words: verbs that are themselves labels of controls, politeness, and what no script can follow.

Language knowledge of English, for any page.
"""

from __future__ import annotations

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

#: Adverbs and superlatives that ask for a judgement no rule can make, and people, who are no thing on a screen.
REFUSED_WORDS = (
    r"\b(?:cheapest|best|nicest?|nice|good|great|better|cheap|interesting|suitable|appropriate|favou?rite\s+one|whatever"
    r"|something|anything|everything\s+(?:you|i)|somehow|some\s+kind|somewhere|as\s+needed|if\s+necessary|yourself"
    r"|random|most\s+\w+|least\s+\w+|latest|newest|oldest|biggest|smallest|highest|lowest|best[- ]\w+|top[- ]rated"
    r"|beautiful|funny|for\s+(?:me|us)|me\s+(?:a|an|some|the)|us\s+(?:a|an|some|the))\b"
)

_ENDINGS = """
txt md pdf doc docx odt rtf csv tsv xls xlsx ods ppt pptx odp png jpg jpeg gif webp svg bmp tif tiff mp3 mp4 wav ogg
mov avi mkv zip tar gz bz2 xz 7z rar exe msi deb rpm iso json yaml yml toml xml ini cfg conf log py js ts css c h cpp
java rs go rb php sh bat sql db sqlite ipynb tex bib bak tmp
"""
#: Endings of file names, which are no web addresses.
ADDRESS_ENDINGS = frozenset(_ENDINGS.split())
