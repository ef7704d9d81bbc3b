"""Load all declarations once: territories, forms, law, treaties, population, corrections."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from pipelines.core.codes import list_codes
from pipelines.core.settings import DeclarationSettings, read_settings
from pipelines.declarations import workbook_form
from pipelines.declarations.corrections import Correction, CorrectionFile
from pipelines.declarations.form import Form
from pipelines.declarations.law import LAW_COLUMNS, Law, LawArticle, partial_date
from pipelines.declarations.territory import Territory
from pipelines.declarations.treaties import TREATY_COLUMNS, TreatyEvent, find_fault
from pipelines.declarations.yaml_file import DeclarationError, load_yaml, validate_data

TERRITORIES = Path(__file__).resolve().parents[1] / "territories"
FORM_FILES = ("justice.yml", "victims.yml", "register.yml", "cooperation.yml", "requests.yml")
POPULATION_COLUMNS = (
    "territory", "jurisdiction", "year", "population", "series", "vintage", "status", "reference_date", "source_url",
    "caveat",
)  # fmt: skip
_MAX_CHAIN = 10


@dataclass(frozen=True, eq=False)
class Registry:
    """All declarations. Two registries are equal if their digests are."""

    territories: Mapping[str, Territory]
    forms: Mapping[str, Form]
    law: tuple[LawArticle, ...]
    population: tuple[Mapping[str, str], ...]
    corrections: tuple[Correction, ...]
    treaties: tuple[TreatyEvent, ...]
    digest: str
    plans: dict[str, Any] = field(default_factory=dict, repr=False)
    """Forms prepared for reading, by id (`plan.py`); filled on first use."""

    def without_training(self) -> Registry:
        """Return the registry without training territories, for collecting and releasing figures."""
        national_territories = {code: t for code, t in self.territories.items() if t.kind == "national"}
        jurisdictions = {j.code for t in national_territories.values() for j in t.jurisdictions}
        forms = {id_: form for id_, form in self.forms.items() if form.jurisdiction in jurisdictions}
        names = {name for form in forms.values() for name in (form.id, form.series)}
        return replace(
            self,
            territories=national_territories,
            forms=forms,
            law=tuple(a for a in self.law if a.jurisdiction in jurisdictions),
            population=tuple(row for row in self.population if row["territory"] in national_territories),
            corrections=tuple(c for c in self.corrections if c.form in names),
            treaties=tuple(event for event in self.treaties if event.territory in national_territories),
        )

    def list_codes(self) -> list[str]:
        """Return the codes of the territories in the order of every page: by `sort`, then by code."""
        return sorted(self.territories, key=lambda code: (self.territories[code].sort, code))

    def territory_of(self, jurisdiction: str) -> Territory:
        """Return the territory of a jurisdiction. Raises KeyError for an undeclared jurisdiction."""
        for territory in self.territories.values():
            if any(j.code == jurisdiction for j in territory.jurisdictions):
                return territory
        raise KeyError(f"no territory declares the jurisdiction {jurisdiction!r}")

    def law_of(self, jurisdiction: str) -> Law:
        """Return the articles of a jurisdiction; empty if its territory declares none."""
        return Law(a for a in self.law if a.jurisdiction == jurisdiction)

    def corrections_of(self, form: Form) -> tuple[Correction, ...]:
        """Return the known source errors of a form or its series."""
        return tuple(c for c in self.corrections if c.applies_to(form))


def territory_folders() -> tuple[Path, ...]:
    """Return the folders with territory folders: that of the package, then those in `RTI_TERRITORIES` (a path list)."""
    return (TERRITORIES, *read_settings(DeclarationSettings).territories)


def load() -> Registry:
    """Load the declarations of `territory_folders()`, cached for the life of the process. Raises DeclarationError."""
    return load_from(territory_folders())


@cache
def load_from(roots: tuple[Path, ...]) -> Registry:
    """Load the declarations in some folders. Raises DeclarationError with file, line, key and remedy."""
    territories: dict[str, Territory] = {}
    folder_by_code: dict[str, Path] = {}
    forms: dict[str, Form] = {}
    law: list[LawArticle] = []
    population: list[Mapping[str, str]] = []
    corrections: list[Correction] = []
    treaties: list[TreatyEvent] = []
    digest = hashlib.sha256()
    for folder in _territory_folders(roots):
        territory = validate_data(Territory, load_yaml(folder / "territory.yml"), folder / "territory.yml")
        if territory.code != folder.name:
            raise _error_at(
                folder / "territory.yml", "code", f"{territory.code} is in the folder {folder.name}", "Rename"
            )
        if territory.code in territories:
            raise _error_at(
                folder / "territory.yml", "code", f"{territory.code} is declared twice", "Remove one folder"
            )
        territories[territory.code] = territory
        articles = [LawArticle(row) for row in _read_rows(folder / "law.csv", LAW_COLUMNS)]
        _check_law(articles, folder / "law.csv", territory)
        law += articles
        population += _read_rows(folder / "population.csv", POPULATION_COLUMNS)
        treaties += _load_treaties(folder / "treaties.csv", territory)
        for id_, form in _load_forms(folder, territory, articles).items():
            if id_ in forms:
                raise _error_at(folder, id_, "this form id is declared twice", "Give each form an id of its own")
            forms[id_] = form
            if form.second_of is not None:
                digest.update(form.model_dump_json().encode())
        if (path := folder / "corrections.yml").is_file():
            corrections += validate_data(CorrectionFile, load_yaml(path), path).corrections
            _check_corrections(path, corrections, forms)
        _update_digest(digest, folder)
        folder_by_code[territory.code] = folder
    _check_mentions(territories, folder_by_code)
    return Registry(
        territories, forms, tuple(law), tuple(population), tuple(corrections), tuple(treaties), digest.hexdigest()
    )


def _territory_folders(roots: Sequence[Path]) -> list[Path]:
    territory_folders: list[Path] = []
    for root in roots:
        if not root.is_dir():
            raise _error_at(root, "", "this folder of territories does not exist", "Correct RTI_TERRITORIES")
        territory_folders += sorted(p.parent for p in root.glob("*/territory.yml"))
    return territory_folders


def _update_digest(digest: Any, folder: Path) -> None:
    for path in sorted(folder.iterdir()):
        if path.suffix in (".yml", ".csv", ".py"):
            digest.update(f"{folder.name}/{path.name}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())


def _check_mentions(territories: Mapping[str, Territory], folder_by_code: Mapping[str, Path]) -> None:
    for code, territory in territories.items():
        for mentioned in territory.mentions:
            if mentioned == code or mentioned not in territories:
                others = ", ".join(sorted(territories.keys() - {code})) or "none"
                problem = f"{mentioned} is not another territory; there are {others}"
                raise _error_at(folder_by_code[code] / "territory.yml", "mentions", problem, "Correct the code")


def _error_at(path: Path, key: str, problem: str, remedy: str) -> DeclarationError:
    return DeclarationError(path, None, key, problem, remedy)


def _read_rows(path: Path, columns: Sequence[str]) -> list[Mapping[str, str]]:
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as handle:
        reader = csv.DictReader(handle)
        if tuple(reader.fieldnames or ()) != tuple(columns):
            raise DeclarationError(path, 1, "", f"the columns should be {','.join(columns)}", "Correct the first line")
        rows: list[Mapping[str, str]] = []
        for row in reader:
            if None in row or None in row.values():
                problem = f"this line has not {len(columns)} fields"
                raise DeclarationError(path, reader.line_num, "", problem, "Quote fields that hold a comma")
            rows.append(row)
        return rows


def _check_law(articles: Sequence[LawArticle], path: Path, territory: Territory) -> None:
    places = {j.code for j in territory.jurisdictions}
    for number, article in enumerate(articles, start=2):
        row = article.row
        problem = None
        if row["jurisdiction"] not in places:
            problem = f"{row['jurisdiction']!r} is not a jurisdiction of {territory.code}"
        elif row["offence"] and row["offence"] not in list_codes("offence"):
            problem = f"{row['offence']!r} is not in the code list offence"
        else:
            try:
                partial_date(row["in_force_from"])
                partial_date(row["in_force_until"])
            except ValueError as error:
                problem = str(error)
        if problem:
            raise _error_at(path, f"row {number}, article {article.key}", problem, "Correct the row")


def _load_treaties(path: Path, territory: Territory) -> list[TreatyEvent]:
    rows = _read_rows(path, TREATY_COLUMNS)
    for number, row in enumerate(rows, start=2):
        if problem := find_fault(row):
            raise _error_at(path, f"row {number}, {row['treaty']}", problem, "Correct the row")
    return [TreatyEvent(territory.code, **row) for row in rows]


def _load_forms(folder: Path, territory: Territory, articles: Sequence[LawArticle]) -> dict[str, Form]:
    raw: dict[str, tuple[dict[str, Any], Path, int]] = {}
    for name in FORM_FILES:
        path = folder / name
        if not path.is_file():
            continue
        data = load_yaml(path)
        if not isinstance(data, dict) or set(data) != {"forms"} or not isinstance(data["forms"], list):
            raise _error_at(path, "forms", "the file has one key, forms, with a list", "Begin the file with `forms:`")
        for number, form in enumerate(data["forms"]):
            if not isinstance(form, dict) or not isinstance(form.get("id"), str):
                raise _error_at(path, f"forms.{number}", "a form begins with its id", "Add `id:`")
            if form["id"] in raw:
                raise _error_at(
                    path, f"forms.{number}.id", f"{form['id']} is declared twice", "Give it an id of its own"
                )
            raw[form["id"]] = (form, path, number)
    forms: dict[str, Form] = {}
    for id_, (_, path, number) in raw.items():
        form = validate_data(Form, _resolve_same_as(id_, raw, path), path, ("forms", number))
        _check_form(form, path, number, territory, articles)
        forms[id_] = form
        if form.second_of is not None and (form.second_of not in raw or form.formats != ("xlsx",)):
            problem = "a workbook of another form comes as xlsx, and `second_of` names a form of this territory"
            raise _error_at(
                path, f"{id_}.second_of", problem, f"Name one of {', '.join(raw)}, and write formats: [xlsx]"
            )
    return _add_workbooks(forms, raw)


def _add_workbooks(forms: Mapping[str, Form], raw: Mapping[str, tuple[dict[str, Any], Path, int]]) -> dict[str, Form]:
    """Return the forms, each followed by a derived workbook if it needs one and none is declared."""
    declared = {form.second_of for form in forms.values()}
    extended: dict[str, Form] = {}
    for id_, form in forms.items():
        extended[id_] = form
        if not workbook_form.needs_second(form) or id_ in declared:
            continue
        try:
            extended[id_ + workbook_form.ENDING] = workbook_form.second_of(form)
        except ValueError as error:
            problem = f"no workbook can be derived from this form: {error}"
            raise _error_at(raw[id_][1], id_, problem, f"Correct it, or declare a form with second_of: {id_}") from None
    return extended


def _resolve_same_as(
    id_: str, raw: Mapping[str, tuple[dict[str, Any], Path, int]], path: Path, depth: int = 0
) -> dict[str, Any]:
    form = raw[id_][0]
    base = form.get("same_as")
    if base is None:
        return form
    if base not in raw or depth > _MAX_CHAIN:
        problem = f"{base!r} is not a form of this territory" if base not in raw else "the chain of same_as has no end"
        raise _error_at(path, f"{id_}.same_as", problem, f"Name one of {', '.join(raw)}")
    followed = _resolve_same_as(base, raw, path, depth + 1)
    if "title" in form:
        # The title differs, so the translated titles of the base form do not apply.
        followed = {k: v for k, v in followed.items() if k != "titles"}
    return _merge(followed, {k: v for k, v in form.items() if k != "same_as"})


def _merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = _merge(merged[key], value)
        else:
            merged[key] = value
    return merged


def _check_form(form: Form, path: Path, number: int, territory: Territory, articles: Sequence[LawArticle]) -> None:
    def error_at(key: str, problem: str, remedy: str) -> DeclarationError:
        from pipelines.declarations.yaml_file import line_of

        return DeclarationError(path, line_of(path, ("forms", number, key)), f"{form.id}.{key}", problem, remedy)

    places = [j.code for j in territory.jurisdictions]
    if form.jurisdiction not in places:
        raise error_at("jurisdiction", f"{form.jurisdiction!r} is not one of {', '.join(places)}", "Correct it")
    offices = [o.id for o in territory.offices]
    if form.source not in offices:
        raise error_at("source", f"{form.source!r} is not one of the offices {', '.join(offices)}", "Correct it")
    article_keys = {a.key for a in articles if a.jurisdiction == form.jurisdiction}
    for entry in form.table_entries("article"):
        if entry.code not in (*article_keys, "_T"):
            remedy = f"Enter it in law.csv, or name one of {', '.join(sorted(article_keys))}"
            raise error_at("codes", f"article {entry.code!r} is not in the law of {form.jurisdiction}", remedy)


def _check_corrections(path: Path, corrections: Sequence[Correction], forms: Mapping[str, Form]) -> None:
    names = {name for form in forms.values() for name in (form.id, form.series)}
    for correction in corrections:
        if correction.form not in names:
            raise _error_at(
                path, correction.id, f"{correction.form!r} is neither a form nor a series", "Correct `form`"
            )
