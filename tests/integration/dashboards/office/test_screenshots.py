"""Tests that the pictures of the offices' pages include every page."""

from __future__ import annotations

from datetime import date

from pipelines.declarations.registry import load
from pipelines.model.periods import Period
from pipelines.submissions.timetable import plan_quarter
from tests.support.demonstration import CLOCK
from tests.support.screenshots.office_part import WITHOUT_PAGE, list_pictures, list_routes
from tests.support.screenshots.office_scene import ANNOUNCED, ROUND, ROUND_DAYS, Scene


def make_scene() -> Scene:
    """Return a scene whose addresses lead nowhere."""
    names = [name for name in Scene.__dataclass_fields__ if name != "service"]
    return Scene(service=None, **{name: f"/{name}" for name in names})  # type: ignore[arg-type]


def test_pictures_show_every_route_that_answers_with_a_page() -> None:
    pictures, routes = list_pictures(make_scene()), list_routes()
    assert len(routes) > 60
    assert routes - WITHOUT_PAGE == set(pictures) - {""}
    assert routes >= WITHOUT_PAGE
    names = [picture.name for of_route in pictures.values() for picture in of_route]
    assert len(names) == len(set(names)), "pictures of one name would replace each other"


def test_pictures_show_an_error_of_people_and_the_open_list_of_pages() -> None:
    pictures = {picture.name: picture for of_route in list_pictures(make_scene()).values() for picture in of_route}
    wrong = pictures["people-error"]
    assert wrong.press and wrong.fill, "a form of the page is sent with a mistake"
    assert {name for name, picture in pictures.items() if picture.has_menu} == {"menu", "menu-office"}


def test_scene_has_the_days_of_the_timetable() -> None:
    plan = plan_quarter(load(), Period.from_code("2026-Q3"))
    assert plan is not None and ANNOUNCED[:10] == plan.release.isoformat(), "pages would name two days of one release"
    opens, closes = ROUND_DAYS
    quarter = Period.from_code(ROUND[:7])
    assert quarter.start <= opens <= date.fromisoformat(CLOCK[:10]) <= closes <= quarter.end


def test_pictures_of_a_route_open_its_address() -> None:
    for path, pictures in list_pictures(make_scene()).items():
        if "{" not in path and path:
            assert any(picture.address.split("?")[0] == path for picture in pictures), path
