"""Words that are written while others write them too, on real connections."""

import pytest

from apps.markets import search
from apps.markets.models import Findable
from apps.markets.search import Criteria
from apps.markets.tasks import index_words
from apps.reviews import actions as reviews
from marketplace.listings import ListingState
from tests.build import markets as build_markets
from tests.races.test_markets import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("_again", range(4))
def test_the_newest_words_stand_whoever_comes_last(_again, as_agent, as_reviewer) -> None:
    listing = build_markets.need(
        by=as_agent, reviewer=as_reviewer, state=ListingState.DRAFT, title="钽电容"
    )
    Findable.objects.update(words=None)
    at_once(
        index_words,
        lambda: reviews.change(listing, {"title": "铌电容"}, by=as_agent),
        index_words,
    )
    index_words()

    def found(words: str) -> int:
        return len(search.page(Criteria(words=words), by=as_agent))

    assert (found("钽电容"), found("铌电容")) == (0, 1)
