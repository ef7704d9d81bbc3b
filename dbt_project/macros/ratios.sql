{# Closed forms of ratios and balances. A property test compares each with its Python oracle in tests/oracles. #}

{# The gap of a balance, as an aggregate of its terms: what came (sign 1) less what went or is there (sign -1). #}
{% macro balance_gap(sign, value) -%}coalesce(sum({{ sign }} * {{ value }}), 0){%- endmacro %}

{# holds within one count unit, else broken: tests/oracles/balance.py. #}
{% macro balance_state(gap) -%}case when abs({{ gap }}) <= 1 then 'holds' else 'broken' end{%- endmacro %}

{# Shapley's split of a change of counts C = V r between two periods: tests/oracles/decomposition.py. Over one
   denominator, so that whole counts are rounded once and the two effects differ from the change by rounding only. #}
{% macro shapley_volume(v0, c0, v1, c1) -%}
    ({{ v1 }} - {{ v0 }}) * ({{ c0 }} * {{ v1 }} + {{ c1 }} * {{ v0 }}) / (2 * {{ v0 }} * {{ v1 }})
{%- endmacro %}

{% macro shapley_ratio(v0, c0, v1, c1) -%}
    ({{ c1 }} * {{ v0 }} - {{ c0 }} * {{ v1 }}) * ({{ v0 }} + {{ v1 }}) / (2 * {{ v0 }} * {{ v1 }})
{%- endmacro %}

{# Per cent of a cohort that may still be open where it is the default version of a stage ratio. A choice: with a tenth
   open, a conviction ratio of 65 can still become 75 and no more. #}
{% macro cohort_open_at_most() -%}10{%- endmacro %}
