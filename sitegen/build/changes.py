"""Which problems a change is to blame for, in a site that may have had others."""

from collections.abc import Collection, Iterable

from sitegen.build.parse import shown_path
from sitegen.build.survey import Survey
from sitegen.config import FILE_NAME
from sitegen.problems import Problem
from sitegen.site import links

LINK_CODES = frozenset(
    {"link-missing", "link-unpublished", "anchor-missing", "image-missing"}
)


def decisive(
    survey: Survey, problems: Iterable[Problem], changed: Collection[str]
) -> list[Problem]:
    """Returns the problems that stand in a changed file, or come from one.

    Those are two files with one title or address of which one is changed, and links to
    a file that is changed or gone. The configuration decides about everything.
    """
    if FILE_NAME in changed:
        return list(problems)
    paths = frozenset(changed)
    pointing = _pointing(survey, paths)
    return [problem for problem in problems if _decides(problem, paths, pointing)]


def _decides(
    problem: Problem, changed: frozenset[str], pointing: frozenset[str]
) -> bool:
    places = (problem.location, *problem.related)
    if any(place.path in changed for place in places):
        return True
    return problem.code in LINK_CODES and problem.location.path in pointing


def _pointing(survey: Survey, changed: frozenset[str]) -> frozenset[str]:
    """Returns the paths of the files that name a changed one in a reference."""
    content = survey.config.paths.content
    return frozenset(
        shown_path(content, id)
        for id, outline in survey.outlines.items()
        if any(
            shown_path(content, links.source_of(id, target)) in changed
            for target in (*outline.links, *outline.images)
        )
    )
