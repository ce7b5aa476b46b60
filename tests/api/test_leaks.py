"""
What may be seen of a thing, on every road that leads to it: one readable table.

Each thing says words of its own to each circle of readers, and has a file for each. Every cell says
what of it comes back, for six readers in this order:

    anonymous; a stranger; the agent of another organization, which is vetted for dual use;
    a reviewer and an administrator, whose office is vetted too; its own organization

    -  nothing: not that it is there, nor how often
    x  that it is there, and no word of it
    p  its public words
    i  also what is for everybody who signed in
    w  also what is under an NDA or its organization's own

Every GET route that the router knows has its line: a new one fails here until it is judged.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import pytest
from django.db import models

from apps.accounts import actions as accounts
from apps.documents import actions as documents
from apps.finding.models import Alert
from apps.journal.actions import tell
from apps.markets import actions as markets
from apps.matching.models import Match
from apps.matching.tasks import rematch
from apps.notifications.models import Notice
from apps.pools import actions as pools
from apps.reviews import actions as reviews
from apps.reviews.models import Attachment
from marketplace.actors import Actor
from marketplace.listings import ListingState
from marketplace.pools import PoolState
from marketplace.reviews import AttachmentPurpose
from marketplace.secrecy import DualUse, Secrecy
from tests.api.test_rights import known_routes
from tests.build import finding as build_finding
from tests.build import markets as build_markets
from tests.build import pools as build_pools
from tests.callers import Caller
from tests.properties.lives import FILES, PDF, blocks, indicators, mark, text_of

READERS = (
    "anonymous",
    "stranger",
    "vetted_agent",
    "vetted_reviewer",
    "administrator",
    "researcher",
)
NOTHING = "-" * len(READERS)

#: A listing, brought to each of these states; `proposed` are the words of a change that waits.
#: What is asked: by what the list is narrowed, or which of several things.
LISTINGS = """
route                                   asked          draft  submit refuse paused withdr sealed dual   publis propos
"""

#: An entry of each pool, brought to each of these states.
ENTRIES = """
route                                   asked          draft  submit refuse left   sealed dual   admitt propos
"""

#: Roads that lead to other things: nothing of a listing or an entry comes back on any.
ELSEWHERE = """
"""
