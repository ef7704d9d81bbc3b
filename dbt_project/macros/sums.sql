{# The sum of parts. A missing, uncollected or withheld part makes the sum missing, because nothing is imputed;
   a part that cannot exist (M) or is counted in another part (K) adds nothing. #}
{% macro sum_value(value='value', status='obs_status') -%}
    case when count(case when {{ value }} is null and {{ status }} not in ('M', 'K') then 1 end) = 0 then sum({{ value }}) end
{%- endmacro %}

{# The status of such a sum: that of the parts if they agree; if one has no value, Q before L before O. #}
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
