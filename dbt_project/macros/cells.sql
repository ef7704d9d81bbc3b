{# The columns that say what a count is of; with area, freq and period they are the key of `mart_count`. #}
{% macro cell_columns() %}
    {{ return([
        'measure', 'level', 'count_unit', 'statistic', 'offence_group', 'offence', 'person_type', 'victim_status',
        'sex', 'age', 'exploitation', 'citizenship', 'sentence_type', 'sentence_band',
    ]) }}
{% endmacro %}

{# The same as a list in SQL, with a prefix such as `own.` where one is given. #}
{% macro cells(prefix='') -%}
    {%- for column in cell_columns() %}{{ prefix }}{{ column }}{{ ', ' if not loop.last }}{% endfor -%}
{%- endmacro %}

{# One short text for all of them, to join and group by: the first 12 digits of their MD5. That no two cells share it
   is tested on `dim_cell`. #}
{% macro cell_id(prefix='') -%}
    substring(md5({% for column in cell_columns() %}{{ prefix }}{{ column }}{{ " || '|' || " if not loop.last }}{% endfor %}), 1, 12)
{%- endmacro %}

{% macro cells_match(left, right) -%}
    {%- for column in cell_columns() %}{{ left }}.{{ column }} = {{ right }}.{{ column }}{{ ' and ' if not loop.last }}{% endfor -%}
{%- endmacro %}

{# The sum of parts. A part that is missing, not collected or withheld makes the sum missing, for nothing is filled;
   a part that cannot exist (M) or is counted in another part (K) adds nothing. #}
{% macro sum_value(value='value', status='obs_status') -%}
    case when count(case when {{ value }} is null and {{ status }} not in ('M', 'K') then 1 end) = 0 then sum({{ value }}) end
{%- endmacro %}

{# The status of such a sum: the parts' own where they agree; Q before L before O where one is absent. #}
{% macro sum_status(value='value', status='obs_status') -%}
    case
        when count(case when {{ value }} is null and {{ status }} not in ('M', 'K') then 1 end) = 0
            then case
                when count({{ value }}) = 0 then min({{ status }})
                else coalesce(max(case when {{ status }} not in ('A', 'M', 'K') then {{ status }} end), 'A')
            end
        when count(case when {{ value }} is null and {{ status }} = 'Q' then 1 end) > 0 then 'Q'
        when count(case when {{ status }} <> 'L' then 1 end) = 0 then 'L'
        else 'O'
    end
{%- endmacro %}
