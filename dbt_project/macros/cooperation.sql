{# The dimensions of international cooperation: `pipelines/core/codes.py` lists them. #}
{% macro cooperation_columns() %}{{ return(var('cooperation_columns')) }}{% endmacro %}

{# The columns of one figure of a territory's cooperation in a period, as an SQL list with an optional prefix. #}
{% macro cooperation_figure(prefix='') -%}
    {%- for column in ['territory', 'measure', 'count_unit', 'statistic', 'offence_group', 'partner'] + cooperation_columns() -%}
    {{ prefix }}{{ column }}{{ ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{# The columns of one set of books of requests: a direction, a partner and a type, of one offence group. #}
{% macro cooperation_book(prefix='') -%}
    {%- for column in ['territory', 'freq', 'period', 'year', 'offence_group', 'direction', 'partner', 'assistance'] -%}
    {{ prefix }}{{ column }}{{ ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{# True for a figure that is not broken down by the dimensions that only some measures have. #}
{% macro is_undivided_request(row='') -%}
    {%- for column in ['legal_basis', 'channel', 'refusal_reason', 'days_band'] -%}
    {{ row }}{{ column }} in ('_T', '_Z'){{ ' and ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{# False for the instruments of a list. #}
{% macro is_none_of(instrument, codes) -%}
    coalesce({{ instrument }}, '') not in ({% for code in codes %}'{{ code }}'{{ ', ' if not loop.last }}{% endfor %})
{%- endmacro %}

{# Whether two figures of the same requests agree: at most a number of requests apart, or a share of the larger one. #}
{% macro mirror_agrees(sent, received) -%}
    abs({{ received }} - {{ sent }}) <= greatest({{ var('mirror_requests') }}, {{ var('mirror_share') }} * greatest({{ sent }}, {{ received }}))
{%- endmacro %}

{# Several columns of words as one list, separated by commas; empty columns are left out. #}
{% macro join_reasons(columns) -%}
    trim(both ',' from
        {%- for column in columns %} case when {{ column }} = '' then '' else {{ column }} || ',' end{{ ' ||' if not loop.last }}{% endfor %}
    )
{%- endmacro %}
