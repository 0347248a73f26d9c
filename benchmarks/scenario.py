"""What a site in the race has to offer: three sizes, with or without colours."""

from typing import Literal

from msgspec import Struct

Size = Literal["minimal", "blog", "heavy"]
SIZES: tuple[Size, ...] = ("minimal", "blog", "heavy")

PAGE_SIZE = 10
"""Posts on a page of the paginated list."""
FEED_SIZE = 20
"""Entries in the feed."""
HOME_SIZE = 10
"""Posts on the home page."""
SIDEBAR_SIZE = 5
"""Recent posts in the sidebar."""


class Scenario(Struct, frozen=True):
    """The features of the site that every tool has to build.

    *minimal*: posts, home page, one list. *blog*: also tags, a paginated list, a feed
    and a sitemap. *heavy*: also a sidebar, breadcrumbs and links to the posts before
    and after.
    """

    size: Size
    highlight: bool = False

    @property
    def label(self) -> str:
        """How tables call it, such as `blog, highlighted`."""
        return f"{self.size}, highlighted" if self.highlight else self.size

    @property
    def layers(self) -> tuple[Size, ...]:
        """This size and those that it builds on, smallest first."""
        return SIZES[: SIZES.index(self.size) + 1]

    @property
    def is_blog(self) -> bool:
        """Whether there are tags, pages of ten, feed and sitemap."""
        return self.size != "minimal"

    @property
    def is_heavy(self) -> bool:
        """Whether every page has a sidebar and breadcrumbs."""
        return self.size == "heavy"
