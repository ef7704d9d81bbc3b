{# Join conditions that several models share, with equalities only: for other conditions DuckDB may compare every row
   with every other. Joins that still do so are declared in the `meta` of their model. #}

{# The counting card of a figure: `row` has area, freq and count_unit, and under these names its level and period. #}
{% macro card_of(row, cards='cards', level='level', period='period') -%}
    {{ row }}.area = {{ cards }}.area
    and {{ row }}.{{ level }} = {{ cards }}.level
    and {{ row }}.freq = {{ cards }}.freq
    and {{ row }}.{{ period }} = {{ cards }}.period
    and {{ row }}.count_unit = {{ cards }}.count_unit
{%- endmacro %}

{# The breaks within the period of a count (`int_break`). #}
{% macro breaks_of(row, breaks='breaks') -%}
    {%- for column in ['area', 'freq', 'period', 'measure', 'level', 'offence_group', 'reporters'] %}
    {{- row }}.{{ column }} = {{ breaks }}.{{ column }}{{ '\n    and ' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{# The dispersion from an area's records: for persons only, because only persons are clustered in cases. #}
{% macro dispersion_of(row, dispersions='dispersions') -%}
    case when {{ row }}.count_unit = 'person' then {{ row }}.area end = {{ dispersions }}.area
    and {{ row }}.area_kind = {{ dispersions }}.area_kind
    and {{ row }}.offence_group = {{ dispersions }}.offence_group
{%- endmacro %}

{# Cards and breaks of a figure from records (`int_record_basis`): `metric` and `group_id` as that model has them. #}
{% macro basis_of(row, metric, group_id, bases='bases') -%}
    {{ bases }}.metric = {{ metric }}
    and {{ row }}.area = {{ bases }}.area
    and {{ row }}.offence_group = {{ bases }}.offence_group
    and {{ bases }}.group_id = {{ group_id }}
{%- endmacro %}
