"""Read a cube by its declaration: dimensions, members, attributes, and combinations left out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import product

from pipelines.core.text.folding import find_nearest, fold_text
from pipelines.declarations.base import is_within
from pipelines.declarations.coordinates import COORDINATES
from pipelines.declarations.label_template import Hit, compile_template
from pipelines.declarations.shapes import CubeDimension, CubeShape
from pipelines.model.content import Cube, CubeObservation, Member, SourceDimension, Where
from pipelines.model.long_tables import OBS_STATUS_OF_SIGN
from pipelines.reading.standardise.absent_members import report_absent_members
from pipelines.reading.standardise.collecting import Binding, Collector, nearest_words
from pipelines.reading.standardise.numbered import Number
from pipelines.reading.standardise.plan import Plan
from pipelines.reading.standardise.stated_periods import find_contradiction, find_stated_periods
from pipelines.reading.standardise.stated_units import check_cube_units, check_observation_unit
from pipelines.reading.standardise.values import Value, absent_value

MAX_COMBINATIONS = 200_000
"""Most combinations of members that are searched for gaps; the readers refuse larger files anyway."""

_ACTIONS = {"R": "Replace", "A": "Append", "M": "Merge", "I": "Information", "D": "Delete"}
"""Actions of SDMX by their first letter, as SDMX-CSV writes them."""

_WITHOUT_FIGURE = ("L", "M", "O", "Q")
"""Observation statuses that give the reason for a missing figure."""

_TITLE_PROPERTY = re.compile(r"(?:TITLE|CONTENTS|DESCRIPTION|label|title)(?:\[|\(|$)")
_NEARLY_EQUAL, _UNLIKE = 90.0, 70.0
"""Similarity in per cent (Levenshtein ratio) from which words are a misspelling, and below which they are others."""

_Coordinates = Mapping[str, str]


def _is_nearer_to_another(label: str, own_words: str, words: Iterable[str]) -> bool:
    """Return True if a label is nearly the words of another code and unlike those of its own."""
    if find_nearest(label, [own_words], cutoff=_UNLIKE) is not None:
        return False
    return (
        find_nearest(label, [candidate for candidate in words if candidate != own_words], cutoff=_NEARLY_EQUAL)
        is not None
    )


class CubeReading:
    """Reader of one Cube into a Collector."""

    def __init__(self, plan: Plan, shape: CubeShape, cube: Cube, collector: Collector) -> None:
        self.plan, self.shape, self.cube, self.collector = plan, shape, cube, collector
        self.base = {**plan.form.fixed.declared_codes(), **shape.fixed.declared_codes()}
        self.language = plan.form.language
        self._short = self.language.partition("-")[0]
        self._hits: dict[tuple[str, str], Hit] = {}

    def read_cube(self) -> None:
        """Bind the dimensions, read every observation of declared members, and check what the file says of them."""
        self._check_properties()
        self._check_action()
        self._read_observations()
        check_cube_units(self.cube, self.plan.form, self.collector)
        self._check_title_period()

    def _read_observations(self) -> None:
        bound = [self._bind_members(d, self._find_declaration(d)) for d in self.cube.dimensions]
        names = {name for d in self.cube.dimensions for name in self._folded_names(d)}
        for name in self.shape.dims:
            if fold_text(name) not in names:
                self.collector.add_finding("cube.dimension_missing", Where(), expected=name)
        if any(b is None for b in bound):
            return
        members = [b for b in bound if b is not None]
        labels = [{m.code: self._label_of(m) for m in d.members} for d in self.cube.dimensions]
        for observation in self.cube.observations:
            self._read_observation(observation, members, labels)
        self._fill_gaps(members, labels)
        self._report_absent_members()

    def _report_absent_members(self) -> None:
        """Report declared members that no observation has, even if the file lists them."""
        tables = {name: declared.dim for name, declared in self.shape.dims.items() if declared.dim is not None}
        used = {
            (dimension.id, observation.key[i])
            for observation in self.cube.observations
            for i, dimension in enumerate(self.cube.dimensions)
        }
        hits = [hit for key, hit in self._hits.items() if key in used or self.cube.absent == "zero"]
        report_absent_members(self.plan, tables, hits, Where(), self.collector)

    def _folded_names(self, dimension: SourceDimension) -> set[str]:
        return {fold_text(dimension.id), *(fold_text(label) for label in dimension.labels.values())}

    def _find_declaration(self, dimension: SourceDimension) -> CubeDimension | None:
        names = self._folded_names(dimension)
        return next((d for name, d in self.shape.dims.items() if fold_text(name) in names), None)

    def _label_of(self, member: Member) -> str:
        labels = member.labels
        return labels.get(self.language) or labels.get(self._short) or next(iter(labels.values()), member.code)

    def _check_properties(self) -> None:
        for keyword, expected in self.shape.expect.items():
            value = self.cube.properties.get(keyword)
            if value is not None and str(value) != expected:
                where = Where(keyword=keyword)
                self.collector.add_finding("cube.property", where, keyword=keyword, seen=str(value), expected=expected)

    def _check_action(self) -> None:
        """Report an SDMX action that does not fit the form: a full return replaces, a correction adds or changes."""
        stated = next((n for n in ("dataset.action", "action", "DataSetAction") if self.cube.properties.get(n)), None)
        if stated is None:
            return
        allowed = ("Replace",) if self.plan.form.kind == "full" else ("Replace", "Append", "Merge")
        for action in str(self.cube.properties[stated]).split(", "):
            name = _ACTIONS.get(action[:1].upper(), action)
            if name not in allowed:
                self.collector.add_finding(
                    "cube.action", Where(keyword="action"), seen=name, expected=" / ".join(allowed)
                )

    def _check_title_period(self) -> None:
        """Report a title that names another period than the codes of the file."""
        for name, value in self.cube.properties.items():
            if isinstance(value, str) and _TITLE_PROPERTY.match(name):
                stated = find_contradiction(find_stated_periods(value), self.collector.periods)
                if stated is not None:
                    expected = next(iter(self.collector.periods))
                    self.collector.add_finding(
                        "period.contradiction", Where(keyword=name), seen=stated, expected=expected
                    )

    def _check_words(self, dimension: SourceDimension, declared: CubeDimension) -> None:
        """Report a code that the file labels with the words that the form has for another code, once per dimension."""
        entries = self.plan.form.table_entries(declared.dim or "")
        words_by_code = {fold_text(code): entry.words for entry in entries if entry.words for code in entry.labels}
        folded_words = {fold_text(words): code for code, words in words_by_code.items()}
        for member in dimension.members:
            own_words = words_by_code.get(fold_text(member.code))
            label = self._label_of(member)
            if own_words is None or label == member.code or fold_text(label) == fold_text(own_words):
                continue
            if fold_text(label) in folded_words or _is_nearer_to_another(label, own_words, words_by_code.values()):
                where = Where(keyword=f"{dimension.id}={member.code}")
                self.collector.add_finding("cube.words_differ", where, seen=label, expected=own_words, code=member.code)
                return

    def _check_label_period(
        self, dimension: SourceDimension, member: Member, coordinates: _Coordinates, where: Where
    ) -> None:
        """Report a label or time value that names another period than its code."""
        period = self.plan.addresser.period_code(coordinates)
        if period is None:
            return
        places = [(where, label) for label in member.labels.values()]
        if member.time is not None:
            places.append((Where(keyword=f'TIMEVAL("{dimension.id}")'), member.time))
        for place, text in places:
            stated = find_contradiction(find_stated_periods(text), [period])
            if stated is not None:
                self.collector.add_finding("period.contradiction", place, seen=stated, expected=period)
                return

    def _bind_members(
        self, dimension: SourceDimension, declared: CubeDimension | None
    ) -> dict[str, _Coordinates | None] | None:
        """Map each member code to its coordinates; map an undeclared member to None and add a finding."""
        where = Where(keyword=dimension.id)
        if declared is None:
            near = find_nearest(dimension.id, self.shape.dims)
            self.collector.add_finding(
                "cube.dimension_undeclared", where, seen=dimension.id, nearest=nearest_words(near)
            )
            return None
        coordinates_by_code: dict[str, _Coordinates | None] = {}
        for member in dimension.members:
            hit = self._match_member(member, declared)
            if hit is None:
                self._report_undeclared_member(dimension, member, declared, where)
                coordinates_by_code[member.code] = None
                continue
            coordinates_by_code[member.code] = hit.said
            self._hits[dimension.id, member.code] = hit
            period = self.plan.addresser.period_code(self.base)
            for label, valid in hit.valid:
                if period is not None and not is_within(period, valid):
                    self.collector.add_finding("label.not_valid", where, seen=label, expected=valid, period=period)
            place = Where(keyword=f"{dimension.id}={member.code}")
            self._check_label_period(dimension, member, hit.said, place)
            self.collector.bindings.append(Binding(place, "dimension", hit.said))
        if declared.by == "codes":
            self._check_words(dimension, declared)
        return coordinates_by_code

    def _match_member(self, member: Member, declared: CubeDimension) -> Hit | None:
        texts = [member.code] if declared.by == "codes" else [self._label_of(member), *member.labels.values()]
        if declared.only is not None:
            return (
                Hit({})
                if fold_text(declared.only) in (fold_text(member.code), fold_text(self._label_of(member)))
                else None
            )
        if declared.same and declared.dim is not None:
            return self._match_same_code(declared.dim, member.code)
        template = declared.template if declared.template is not None else f"{{{declared.dim}}}"
        matcher = compile_template(template, self.plan.codes)
        return next((hit for text in texts if (hit := matcher.match_text(text)) is not None), None)

    @staticmethod
    def _match_same_code(dim: str, code: str) -> Hit | None:
        from pipelines.declarations.coordinates import Coordinate

        if dim not in COORDINATES:
            return None
        try:
            return Hit(Coordinate.model_validate({dim: code}).declared_codes())
        except ValueError:  # a pydantic error: the code is not in the list, which the caller reports
            return None

    def _report_undeclared_member(
        self, dimension: SourceDimension, member: Member, declared: CubeDimension, where: Where
    ) -> None:
        table = self.plan.codes.get(declared.dim or "")
        member_text = member.code if declared.by == "codes" else self._label_of(member)
        candidates = table.list_labels() if table is not None else [declared.only or declared.template or ""]
        near = nearest_words(find_nearest(member_text, candidates))
        rule = "cube.member_undeclared"
        index = self.cube.dimensions.index(dimension)
        # A line is easier to find than a dimension: use the first number of the member if the format has lines.
        first = next((o.where for o in self.cube.observations if o.key[index] == member.code), where)
        place = where._replace(line=first.line) if first.line is not None else where
        self.collector.add_finding(rule, place, seen=member_text, dimension=dimension.id, nearest=near)

    def _combine_coordinates(
        self, key: Sequence[str], members: Sequence[Mapping[str, _Coordinates | None]], where: Where
    ) -> _Coordinates | None:
        """Combine the coordinates of a key's members; None if one is undeclared or two contradict each other."""
        coordinates = dict(self.base)
        for code, dimension in zip(key, members, strict=True):
            part = dimension[code]
            if part is None:
                return None
            for name, value in part.items():
                if coordinates.get(name, value) != value and name not in self.base:
                    problem = f"{name} is {coordinates[name]} and {value}"
                    self.collector.add_finding("form.contradiction", where, what=problem)
                    return None
            coordinates.update(part)
        return coordinates

    def _read_observation(
        self,
        observation: CubeObservation,
        members: Sequence[Mapping[str, _Coordinates | None]],
        labels: Sequence[Mapping[str, str]],
    ) -> None:
        """Read one observation as a number with its address."""
        coordinates = self._combine_coordinates(observation.key, members, observation.where)
        if coordinates is None:
            return
        address = self.plan.addresser.find_address(coordinates)
        for trouble in address.troubles:
            self.collector.add_trouble(trouble, observation.where)
        value = self._read_value(observation)
        if address.key is None:
            return
        self.collector.periods.add(address.key[1])
        if value is None:
            self.collector.refused.append(address.key)
        else:
            label = " | ".join([names[code] for code, names in zip(observation.key, labels, strict=True)])
            number = Number(
                address.key, value.value, value.status, value.conf, observation.where, label, value.seen, value.notes
            )
            self.collector.numbers.append(number)

    def _read_value(self, observation: CubeObservation) -> Value | None:
        """Interpret value, status and attributes of an observation; None, with a finding, if one is undeclared."""
        if observation.attributes and not check_observation_unit(
            observation.attributes, observation.where, self.collector
        ):
            return None
        status, conf, notes = "A", "F", list(observation.notes)
        for name, code in observation.attributes.items():
            declared = self.shape.attributes.get(name)
            if declared is None:
                self.collector.add_finding("cube.attribute_undeclared", observation.where, seen=name)
                return None
            if declared.use == "note" and code:
                notes.append(code)
            elif declared.use in ("obs_status", "conf_status") and code:
                own_code = declared.codes.get(code)
                if own_code is None:
                    self.collector.add_finding("cube.attribute_code", observation.where, seen=code, attribute=name)
                    return None
                status, conf = (own_code, conf) if declared.use == "obs_status" else (status, own_code)
        if observation.value is not None:
            if status in _WITHOUT_FIGURE:
                self.collector.add_finding("cube.status_with_value", observation.where, seen=f"{observation.value:g}")
                return None
            return Value(float(observation.value), status, conf, f"{observation.value:g}", tuple(notes))
        if observation.status is not None:
            sign = self.plan.numbers.read_number(observation.status)
            if sign is None or sign.sign is None:
                signs = ", ".join(f"'{s}'" for s in self.plan.numbers.signs)
                expected = "a number" + (f" or a sign ({signs})" if signs else "")
                self.collector.add_finding(
                    "cell.not_a_number", observation.where, seen=observation.status, expected=expected
                )
                return None
            return Value(sign.value, sign.status, sign.conf, observation.status, tuple(notes))
        if conf == "C":
            return Value(*OBS_STATUS_OF_SIGN["confidential"], "", tuple(notes))
        if status in _WITHOUT_FIGURE:
            return Value(None, status, conf, "", tuple(notes))
        return absent_value(self.plan, observation.where, self.collector)

    def _fill_gaps(
        self, members: Sequence[Mapping[str, _Coordinates | None]], labels: Sequence[Mapping[str, str]]
    ) -> None:
        """Add zeros for combinations missing from the file if its format or the form says so, else report or skip."""
        meaning = "zero" if self.cube.absent == "zero" else self.plan.form.absent_cell
        size = 1
        for dimension in members:
            size *= len(dimension)
        if meaning == "missing" or size == len(self.cube.observations) or size > MAX_COMBINATIONS:
            return
        present_keys = {o.key for o in self.cube.observations}
        gaps = [key for key in product(*members) if key not in present_keys]
        if meaning == "error":
            first = ", ".join(names[code] for code, names in zip(gaps[0], labels, strict=True)) if gaps else ""
            if gaps:
                self.collector.add_finding("cube.absent", Where(), count=len(gaps), seen=first)
            return
        for key in gaps:
            where = Where(keyword="left out: " + ", ".join(key))
            zero = CubeObservation(key, 0, None, where)
            self._read_observation(zero, members, labels)
