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
