"""Reading a cube by its declaration: dimensions, members, attributes, and what is left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

from pipelines.core.text.folding import fold, nearest
from pipelines.declarations.base import within
from pipelines.declarations.coordinates import COORDINATES
from pipelines.declarations.label_template import Hit, compile_template
from pipelines.declarations.shapes import CubeDimension, CubeShape
from pipelines.model.content import Cube, CubeObservation, Dimension, Member, Where
from pipelines.model.long_tables import OBS_STATUS_OF_SIGN
from pipelines.reading.standardise.collecting import Binding, Collector, nearest_words
from pipelines.reading.standardise.numbered import Number
from pipelines.reading.standardise.plan import Plan
from pipelines.reading.standardise.values import Value, absent

MAX_COMBINATIONS = 200_000
"""Combinations of members that are looked through for gaps; the readers refuse larger files anyway."""

_Said = Mapping[str, str]


class CubeReading:
    """Reads one Cube into a basket."""

    def __init__(self, plan: Plan, shape: CubeShape, cube: Cube, basket: Collector) -> None:
        self.plan, self.shape, self.cube, self.basket = plan, shape, cube, basket
        self.base = {**plan.form.fixed.said(), **shape.fixed.said()}
        self.language = plan.form.language
        self._short = self.language.partition("-")[0]

    def read(self) -> None:
        """Bind the dimensions, then read every observation whose members are all declared."""
        self._properties()
        bound = [self._members(d, self._declared(d)) for d in self.cube.dimensions]
        named = {name for d in self.cube.dimensions for name in self._names(d)}
        for name in self.shape.dims:
            if fold(name) not in named:
                self.basket.find("cube.dimension_missing", Where(), expected=name)
        if any(b is None for b in bound):
            return
        members = [b for b in bound if b is not None]
        labels = [{m.code: self._label(m) for m in d.members} for d in self.cube.dimensions]
        for seen in self.cube.observations:
            self._observation(seen, members, labels)
        self._gaps(members, labels)

    def _names(self, dimension: Dimension) -> set[str]:
        return {fold(dimension.id), *(fold(label) for label in dimension.labels.values())}

    def _declared(self, dimension: Dimension) -> CubeDimension | None:
        names = self._names(dimension)
        return next((d for name, d in self.shape.dims.items() if fold(name) in names), None)

    def _label(self, member: Member) -> str:
        labels = member.labels
        return labels.get(self.language) or labels.get(self._short) or next(iter(labels.values()), member.code)

    def _properties(self) -> None:
        for keyword, expected in self.shape.expect.items():
            seen = self.cube.properties.get(keyword)
            if seen is not None and str(seen) != expected:
                where = Where(keyword=keyword)
                self.basket.find("cube.property", where, keyword=keyword, seen=str(seen), expected=expected)

    def _members(self, dimension: Dimension, declared: CubeDimension | None) -> dict[str, _Said | None] | None:
        """Member code -> what it says; None for a member, with a finding, that is not declared."""
        where = Where(keyword=dimension.id)
        if declared is None:
            near = nearest(dimension.id, self.shape.dims)
            self.basket.find("cube.dimension_undeclared", where, seen=dimension.id, nearest=nearest_words(near))
            return None
        out: dict[str, _Said | None] = {}
        for member in dimension.members:
            hit = self._member(member, declared)
            if hit is None:
                self._tell_member(dimension, member, declared, where)
                out[member.code] = None
                continue
            out[member.code] = hit.said
            period = self.plan.addresser.period_code(self.base)
            for label, valid in hit.valid:
                if period is not None and not within(period, valid):
                    self.basket.find("label.not_valid", where, seen=label, expected=valid, period=period)
            place = Where(keyword=f"{dimension.id}={member.code}")
            self.basket.bindings.append(Binding(place, "dimension", hit.said))
        return out

    def _member(self, member: Member, declared: CubeDimension) -> Hit | None:
        texts = [member.code] if declared.by == "codes" else [self._label(member), *member.labels.values()]
        if declared.only is not None:
            return Hit({}) if fold(declared.only) in (fold(member.code), fold(self._label(member))) else None
        if declared.same and declared.dim is not None:
            return self._same(declared.dim, member.code)
        template = declared.template if declared.template is not None else f"{{{declared.dim}}}"
        matcher = compile_template(template, self.plan.codes)
        return next((hit for text in texts if (hit := matcher.hit(text)) is not None), None)

    @staticmethod
    def _same(dim: str, code: str) -> Hit | None:
        from pipelines.declarations.coordinates import Coordinate

        if dim not in COORDINATES:
            return None
        try:
            return Hit(Coordinate.model_validate({dim: code}).said())
        except ValueError:  # pydantic's error: the code is not in the list, which the caller reports
            return None

    def _tell_member(self, dimension: Dimension, member: Member, declared: CubeDimension, where: Where) -> None:
        table = self.plan.codes.get(declared.dim or "")
        seen = member.code if declared.by == "codes" else self._label(member)
        candidates = table.labels() if table is not None else [declared.only or declared.template or ""]
        near = nearest_words(nearest(seen, candidates))
        rule = "cube.member_undeclared"
        index = self.cube.dimensions.index(dimension)
        # A line is found faster than a dimension: the first number of the member, where the format has lines.
        first = next((o.where for o in self.cube.observations if o.key[index] == member.code), where)
        place = where._replace(line=first.line) if first.line is not None else where
        self.basket.find(rule, place, seen=seen, dimension=dimension.id, nearest=near)

    def _said(self, key: Sequence[str], members: Sequence[Mapping[str, _Said | None]], where: Where) -> _Said | None:
        said = dict(self.base)
        for code, dimension in zip(key, members, strict=True):
            part = dimension[code]
            if part is None:
                return None
            for name, value in part.items():
                if said.get(name, value) != value and name not in self.base:
                    what = f"{name} is {said[name]} and {value}"
                    self.basket.find("form.contradiction", where, what=what)
                    return None
            said.update(part)
        return said

    def _observation(
        self, seen: CubeObservation, members: Sequence[Mapping[str, _Said | None]], labels: Sequence[Mapping[str, str]]
    ) -> None:
        said = self._said(seen.key, members, seen.where)
        if said is None:
            return
        address = self.plan.addresser.address(said)
        for trouble in address.troubles:
            self.basket.trouble(trouble, seen.where)
        value = self._value(seen)
        if address.key is None:
            return
        self.basket.periods.add(address.key[1])
        if value is None:
            self.basket.refused.append(address.key)
        else:
            label = " | ".join([names[code] for code, names in zip(seen.key, labels, strict=True)])
            number = Number(
                address.key, value.value, value.status, value.conf, seen.where, label, value.seen, value.notes
            )
            self.basket.numbers.append(number)

    def _value(self, seen: CubeObservation) -> Value | None:
        status, conf, notes = "A", "F", list(seen.notes)
        for name, code in seen.attributes.items():
            declared = self.shape.attributes.get(name)
            if declared is None:
                self.basket.find("cube.attribute_undeclared", seen.where, seen=name)
                return None
            if declared.use == "note" and code:
                notes.append(code)
            elif declared.use in ("obs_status", "conf_status") and code:
                ours = declared.codes.get(code)
                if ours is None:
                    self.basket.find("cube.attribute_code", seen.where, seen=code, attribute=name)
                    return None
                status, conf = (ours, conf) if declared.use == "obs_status" else (status, ours)
        if seen.value is not None:
            return Value(float(seen.value), status, conf, f"{seen.value:g}", tuple(notes))
        if seen.status is not None:
            sign = self.plan.numbers.read(seen.status)
            if sign is None or sign.sign is None:
                signs = ", ".join(f"'{s}'" for s in self.plan.numbers.signs)
                expected = "a number" + (f" or a sign ({signs})" if signs else "")
                self.basket.find("cell.not_a_number", seen.where, seen=seen.status, expected=expected)
                return None
            return Value(sign.value, sign.status, sign.conf, seen.status, tuple(notes))
        if conf == "C":
            return Value(*OBS_STATUS_OF_SIGN["confidential"], "", tuple(notes))
        if status in ("L", "M", "O", "Q"):
            return Value(None, status, conf, "", tuple(notes))
        return absent(self.plan, seen.where, self.basket)

    def _gaps(self, members: Sequence[Mapping[str, _Said | None]], labels: Sequence[Mapping[str, str]]) -> None:
        """Combinations the file leaves out: zero where its format or the form says so, else nothing, or a finding."""
        meaning = "zero" if self.cube.absent == "zero" else self.plan.form.absent_cell
        size = 1
        for dimension in members:
            size *= len(dimension)
        if meaning == "missing" or size == len(self.cube.observations) or size > MAX_COMBINATIONS:
            return
        there = {o.key for o in self.cube.observations}
        gaps = [key for key in product(*members) if key not in there]
        if meaning == "error":
            first = ", ".join(names[code] for code, names in zip(gaps[0], labels, strict=True)) if gaps else ""
            if gaps:
                self.basket.find("cube.absent", Where(), count=len(gaps), seen=first)
            return
        for key in gaps:
            where = Where(keyword="left out: " + ", ".join(key))
            zero = CubeObservation(key, 0, None, where)
            self._observation(zero, members, labels)
